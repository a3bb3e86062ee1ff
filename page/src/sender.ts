// Sends recordings, and tries each again until it is taken or the page is closed.

import { ServerBusy, uploadRecording, UploadRefused, finishUpload, type Receipt } from "./upload";
import { withUploadLock } from "./upload_lock";
import { getRecording } from "./database";
import { isAbandoned, StoredRecording } from "./recording_store";

const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds between attempts
const STORED_MS = 3_000;
const LOCKED_MS = 50_000; // so long we wait for another page or the service worker to send it
const SUSPENDED_MS = 60_000; // no new piece for so long: the page with the lock is suspended

export interface SenderEvents {
  /** An attempt failed. `busy`: the server answered that it can't take it now. */
  waiting(stored: StoredRecording, busy: boolean): void;
  sending(stored: StoredRecording): void;
  received(stored: StoredRecording, receipt: Receipt): void;
  refused(stored: StoredRecording): void;
  /** Another page, or the service worker, has sent a recording. */
  gone(): void;
}

export class Sender {
  private readonly busy: { [key: string]: boolean } = {};
  private wakers: Array<() => void> = [];

  constructor(private readonly events: SenderEvents) {
    window.addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.retryNow();
    });
  }

  /** End all pauses: try every waiting recording now. */
  retryNow(): void {
    for (const wake of this.wakers.splice(0)) wake();
  }

  /** Send a recording of this page, which may still be growing. `fresh`: nothing of it was sent. */
  send(stored: StoredRecording, fresh: boolean): Promise<void> {
    return this.runOnce(stored.meta.key, async (key) => {
      const free = await withUploadLock(key, LOCKED_MS, () => this.sendUntilTaken(stored, fresh));
      if (!free) await this.sendUntilTaken(stored, false);
    });
  }

  /** Send a recording of an earlier visit, unless another page does. `begun`: this page does. */
  sendStored(key: string, begun: (stored: StoredRecording) => void): Promise<void> {
    const work = async (): Promise<void> => {
      const stored = await StoredRecording.load(key);
      if (!stored) return this.events.gone();
      begun(stored);
      await this.sendUntilTaken(stored, false);
    };
    return this.runOnce(key, async () => {
      if (await withUploadLock(key, LOCKED_MS, work)) return;
      const meta = await getRecording(key);
      if (meta && isAbandoned(meta, SUSPENDED_MS)) await work();
    });
  }

  private async runOnce(key: string, work: (key: string) => Promise<void>): Promise<void> {
    if (this.busy[key]) return;
    this.busy[key] = true;
    try {
      await work(key);
    } finally {
      delete this.busy[key];
    }
  }

  private async sendUntilTaken(stored: StoredRecording, fresh: boolean): Promise<void> {
    for (let attempt = 0, first = fresh; !stored.empty; attempt++, first = false) {
      const before = stored.arrived;
      try {
        const receipt = await uploadRecording(stored, first);
        // The server has it, even if the phone's storage fails: a copy that stays there is
        // recognised by its key.
        const finished = stored.safe
          .then(() => finishUpload(stored, receipt))
          .then(undefined, () => undefined);
        await Promise.race([finished, new Promise((resolve) => setTimeout(resolve, STORED_MS))]);
        return this.events.received(stored, receipt);
      } catch (error) {
        if (stored.empty) break;
        if (error instanceof UploadRefused) {
          await stored.refuse();
          return this.events.refused(stored);
        }
        if (stored.arrived > before) attempt = 0; // a bad connection, but with progress
        this.events.waiting(stored, error instanceof ServerBusy);
        await this.pause(PAUSES[Math.min(attempt, PAUSES.length - 1)] as number);
        this.events.sending(stored);
      }
    }
    await stored.discard();
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
