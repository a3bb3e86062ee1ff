// One recording, from the first press of the button to the last piece.

import { keepScreenOn } from "./wake_lock";
import { openMicrophone, type Microphone } from "./microphone";
import { StoredRecording } from "./recording_store";
import { beep } from "./announcer";

const DOUBLE_PRESS_MS = 900; // ms in which a second press counts as a trembling finger
const QUIET = 0.06; // of the level's 0..1
const QUIET_SECONDS = 8;
const WARN_SECONDS = 30;
const TICK = 100;

export interface RecordingEvents {
  /** Loudness 0..1, or null where it can't be measured. */
  level(now: number | null): void;
  second(seconds: number): void;
  /** Called with true after `QUIET_SECONDS` without a voice, with false when one is heard again. The
   *  recording goes on. */
  quiet(silent: boolean): void;
  warning(secondsLeft: number): void;
  ended(stored: StoredRecording): void;
}

export class Recording {
  private readonly since = Date.now();
  private readonly clock: number;
  private lastSound = Date.now();
  private silent = false;
  private warned = false;
  private lastSecond = -1;
  private readonly releaseWakeLock = keepScreenOn();

  private constructor(
    private readonly microphone: Microphone,
    readonly stored: StoredRecording,
    private readonly limit: number,
    private readonly events: RecordingEvents,
  ) {
    this.clock = window.setInterval(() => this.tick(), TICK);
  }

  /** Begin to record, for at most `limit` seconds. Rejects when there is no microphone or it is not
   *  allowed. */
  static async begin(
    limit: number,
    language: string,
    household: string | null,
    events: RecordingEvents,
  ): Promise<Recording> {
    const early: ArrayBuffer[] = [];
    let recording: Recording | null = null;
    const microphone = await openMicrophone({
      piece: (data) => {
        if (recording) recording.stored.append(data);
        else early.push(data);
      },
      ended: () => {
        if (recording) recording.finish();
      },
    });
    const stored = StoredRecording.begin(microphone.type, language, household);
    recording = new Recording(microphone, stored, limit, events);
    for (const data of early) recording.stored.append(data);
    beep();
    return recording;
  }

  /** The resident pressed the button again; returns whether that ends the recording. */
  press(): boolean {
    if (Date.now() - this.since < DOUBLE_PRESS_MS) return false;
    this.microphone.stop();
    return true;
  }

  /** Store what was said so far on the phone; for when the page is hidden. */
  flush(): void {
    this.microphone.flush();
  }

  stop(): void {
    this.microphone.stop();
  }

  private finish(): void {
    clearInterval(this.clock);
    this.releaseWakeLock();
    this.stored.end();
    this.events.ended(this.stored);
  }

  private tick(): void {
    const seconds = Math.floor((Date.now() - this.since) / 1000);
    const level = this.microphone.level();
    this.events.level(level);
    if (level === null || level > QUIET) this.lastSound = Date.now();
    const silent = Date.now() - this.lastSound > QUIET_SECONDS * 1000;
    if (silent !== this.silent) {
      this.silent = silent;
      this.events.quiet(silent);
    }
    if (seconds === this.lastSecond) return;
    this.lastSecond = seconds;
    this.events.second(seconds);
    const left = this.limit - seconds;
    if (!this.warned && left <= Math.min(WARN_SECONDS, this.limit / 2)) {
      this.warned = true;
      this.events.warning(left);
    }
    if (left <= 0) this.microphone.stop();
  }
}
