// Brings recordings over one after the other, and never gives up as long as the page is open.

import { deliver, NeverTaken, settle, type Receipt } from "./deliver";
import type { Tape } from "./tape";

const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds between attempts

const STORED_MS = 3_000;

export interface Hopes {
  /** Not there yet, and this attempt failed: it lies on the phone. */
  waiting(tape: Tape): void;
  sending(tape: Tape): void;
  received(tape: Tape, receipt: Receipt): void;
  refused(tape: Tape): void;
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

  /** Send a recording, which may still be growing. `fresh`: nothing of it was ever sent. */
  async send(tape: Tape, fresh: boolean): Promise<void> {
    const key = tape.meta.key;
    if (this.busy[key]) return;
    this.busy[key] = true;
    for (let attempt = 0, first = fresh; ; attempt++, first = false) {
      const before = tape.arrived;
      try {
        const receipt = await deliver(tape, first);
        // The number counts, whatever the phone's storage says: what stays there is known by its key.
        const stored = tape.safe.then(() => settle(tape, receipt)).then(undefined, () => undefined);
        await Promise.race([stored, new Promise((resolve) => setTimeout(resolve, STORED_MS))]);
        this.hopes.received(tape, receipt);
        break;
      } catch (error) {
        if (error instanceof NeverTaken) {
          await tape.refuse();
          this.hopes.refused(tape);
          break;
        }
        if (tape.arrived > before) attempt = 0; // a bad line, but it gets on
        this.hopes.waiting(tape);
        await this.pause(PAUSES[Math.min(attempt, PAUSES.length - 1)] as number);
        this.hopes.sending(tape);
      }
    }
    delete this.busy[key];
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
