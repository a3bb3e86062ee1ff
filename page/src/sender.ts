// Brings recordings over one after the other, and never gives up as long as the page is open.

import { Busy, deliver, NeverTaken, settle, type Receipt } from "./deliver";
import { owning } from "./owning";
import { recording } from "./store";
import { isLeft, Tape } from "./tape";

const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds between attempts
const STORED_MS = 3_000;
const OWNED_MS = 50_000; // so long another page or the worker may have it before we look again
const ASLEEP_MS = 60_000; // whoever has it adds nothing for so long: a phone put that page to sleep

export interface Hopes {
  /** Not there yet, and this attempt failed. `busy`: the other side answered that it can't. */
  waiting(tape: Tape, busy: boolean): void;
  sending(tape: Tape): void;
  received(tape: Tape, receipt: Receipt): void;
  refused(tape: Tape): void;
  /** Another page, or the worker, has brought one over. */
  gone(): void;
}

export class Sender {
  private readonly busy: { [key: string]: boolean } = {};
  private wakers: Array<() => void> = [];

  constructor(private readonly hopes: Hopes) {
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.hurry();
    });
  }

  /** Attempt everything that waits now. */
  hurry(): void {
    for (const wake of this.wakers.splice(0)) wake();
  }

  /** Send a recording of this page, which may still be growing. `fresh`: nothing of it was sent. */
  send(tape: Tape, fresh: boolean): Promise<void> {
    return this.once(tape.meta.key, async (key) => {
      const free = await owning(key, OWNED_MS, () => this.bring(tape, fresh));
      if (!free) await this.bring(tape, false);
    });
  }

  /** Send one that lies on the phone, unless somebody else does. `mine`: it is ours now. */
  adopt(key: string, mine: (tape: Tape) => void): Promise<void> {
    const work = async (): Promise<void> => {
      const tape = await Tape.again(key);
      if (!tape) return this.hopes.gone();
      mine(tape);
      await this.bring(tape, false);
    };
    return this.once(key, async () => {
      if (await owning(key, OWNED_MS, work)) return;
      const meta = await recording(key);
      if (meta && isLeft(meta, ASLEEP_MS)) await work();
    });
  }

  private async once(key: string, work: (key: string) => Promise<void>): Promise<void> {
    if (this.busy[key]) return;
    this.busy[key] = true;
    try {
      await work(key);
    } finally {
      delete this.busy[key];
    }
  }

  private async bring(tape: Tape, fresh: boolean): Promise<void> {
    for (let attempt = 0, first = fresh; !tape.empty; attempt++, first = false) {
      const before = tape.arrived;
      try {
        const receipt = await deliver(tape, first);
        // The number counts, whatever the phone's storage says: what stays there is known by its
        // key.
        const stored = tape.safe.then(() => settle(tape, receipt)).then(undefined, () => undefined);
        await Promise.race([stored, new Promise((resolve) => setTimeout(resolve, STORED_MS))]);
        return this.hopes.received(tape, receipt);
      } catch (error) {
        if (tape.empty) break;
        if (error instanceof NeverTaken) {
          await tape.refuse();
          return this.hopes.refused(tape);
        }
        if (tape.arrived > before) attempt = 0; // a bad line, but it gets on
        this.hopes.waiting(tape, error instanceof Busy);
        await this.pause(PAUSES[Math.min(attempt, PAUSES.length - 1)] as number);
        this.hopes.sending(tape);
      }
    }
    await tape.discard();
  }

  private pause(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const clock = setTimeout(resolve, seconds * 1000);
      this.wakers.push(() => {
        clearTimeout(clock);
        resolve();
      });
    });
  }
}
