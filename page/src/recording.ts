// Press, speak, press: one recording from the first press to the last piece.

import { stayAwake } from "./awake";
import { listen, type Ears } from "./ears";
import { Tape } from "./tape";
import { beep } from "./voice";

const TREMBLE = 900; // ms in which a second press is a trembling finger, not the end
const QUIET = 0.06; // of the level's 0..1
const QUIET_SECONDS = 8;
const WARN_SECONDS = 30;
const TICK = 100;

export interface Watching {
  /** 0..1, or null where it can't be told. */
  level(now: number | null): void;
  second(seconds: number): void;
  /** Nothing has been heard for a while: said once for each such while. Recording goes on. */
  quiet(silent: boolean): void;
  warning(secondsLeft: number): void;
  ended(tape: Tape): void;
}

export class Recording {
  private readonly since = Date.now();
  private readonly clock: number;
  private heard = Date.now();
  private silent = false;
  private warned = false;
  private last = -1;
  private readonly sleep = stayAwake();

  private constructor(
    private readonly ears: Ears,
    readonly tape: Tape,
    private readonly limit: number,
    private readonly watching: Watching,
  ) {
    this.clock = window.setInterval(() => this.tick(), TICK);
  }

  /** Rejects when the microphone is missing or not allowed. `limit`: seconds. */
  static async begin(
    limit: number,
    language: string,
    household: string | null,
    watching: Watching,
  ): Promise<Recording> {
    const early: ArrayBuffer[] = [];
    let recording: Recording | null = null;
    const ears = await listen({
      piece: (data) => {
        if (recording) recording.tape.append(data);
        else early.push(data);
      },
      ended: () => {
        if (recording) recording.finish();
      },
    });
    recording = new Recording(ears, Tape.begin(ears.type, language, household), limit, watching);
    for (const data of early) recording.tape.append(data);
    beep();
    return recording;
  }

  /** She pressed again. Returns whether that ends it. */
  press(): boolean {
    if (Date.now() - this.since < TREMBLE) return false;
    this.ears.stop();
    return true;
  }

  /** The page goes out of sight: what was said so far goes onto the phone. */
  flush(): void {
    this.ears.flush();
  }

  stop(): void {
    this.ears.stop();
  }

  private finish(): void {
    clearInterval(this.clock);
    this.sleep();
    this.tape.end();
    this.watching.ended(this.tape);
  }

  private tick(): void {
    const seconds = Math.floor((Date.now() - this.since) / 1000);
    const level = this.ears.level();
    this.watching.level(level);
    if (level === null || level > QUIET) this.heard = Date.now();
    const silent = Date.now() - this.heard > QUIET_SECONDS * 1000;
    if (silent !== this.silent) {
      this.silent = silent;
      this.watching.quiet(silent);
    }
    if (seconds === this.last) return;
    this.last = seconds;
    this.watching.second(seconds);
    const left = this.limit - seconds;
    if (!this.warned && left <= Math.min(WARN_SECONDS, this.limit / 2)) {
      this.warned = true;
      this.watching.warning(left);
    }
    if (left <= 0) this.ears.stop();
  }
}
