// A recording that may still be growing: stored on the phone piece by piece, read by the upload.

import { hasLocks } from "./upload_lock";
import {
  allRecordings, deleteRecording, getPieces, getRecording, putPiece, putRecording,
  type RecordingMeta,
} from "./database";

const MIN_PIECE_BYTES = 8 * 1024; // bytes to send in one request during a recording, at least
const GONE_MS = 8_000; // ms without a new piece: the page that recorded it is closed
const REFUSED_KEPT_MS = 7 * 24 * 3600_000; // ms that a refused recording stays on the phone

export class StoredRecording {
  /** Bytes that the server had when it was last asked. */
  arrived = 0;
  /** Whether all of it is stored on the phone, so that it outlives this page. */
  kept = true;
  private data: ArrayBuffer[] = [];
  private size = 0;
  private writing: Promise<void> = Promise.resolve();
  private waiting: Array<() => void> = [];

  private constructor(readonly meta: RecordingMeta) {}

  /** A new recording of an audio `type`. */
  static begin(type: string, language: string, household: string | null): StoredRecording {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const stored = new StoredRecording({
      key: Array.from(bytes, (b) => (b + 256).toString(16).slice(1)).join(""),
      type,
      language,
      household,
      recorded_at: new Date().toISOString(),
      touched: Date.now(),
      whole: false,
      refused: false,
    });
    stored.write(() => putRecording(stored.meta));
    return stored;
  }

  /** The recordings on the phone that are not sent, the oldest first, without those that another
   *  page may still be recording (where there are locks, they prevent a conflict). */
  static async unsent(): Promise<RecordingMeta[]> {
    const all = await allRecordings();
    const now = Date.now();
    for (const old of all.filter((m) => m.refused && now - m.touched > REFUSED_KEPT_MS)) {
      await deleteRecording(old.key);
    }
    return all
      .filter((m) => !m.refused && (hasLocks || m.whole || isAbandoned(m, GONE_MS)))
      .sort((a, b) => (a.recorded_at < b.recorded_at ? -1 : 1));
  }

  /** Load a recording from the phone; null when it was deleted or refused, or has no sound. */
  static async load(key: string): Promise<StoredRecording | null> {
    const meta = await getRecording(key);
    if (!meta || meta.refused) return null;
    const stored = new StoredRecording(meta);
    stored.data = await getPieces(key);
    stored.size = stored.data.reduce((sum, part) => sum + part.byteLength, 0);
    stored.meta.whole = true;
    if (stored.size) return stored;
    await deleteRecording(key);
    return null;
  }

  get bytes(): number {
    return this.size;
  }

  /** Resolves when everything so far is stored on the phone, or could not be. */
  get safe(): Promise<void> {
    return this.writing;
  }

  append(data: ArrayBuffer): void {
    if (!data.byteLength) return;
    const n = this.data.length;
    this.data.push(data);
    this.size += data.byteLength;
    this.meta.touched = Date.now();
    this.write(() => putPiece({ key: this.meta.key, n, data }));
    this.write(() => putRecording(this.meta));
    this.wake();
  }

  end(): Promise<void> {
    this.meta.whole = true;
    this.write(() => putRecording(this.meta));
    this.wake();
    return this.writing;
  }

  /** Resolves when nothing more will be recorded. */
  async whole(): Promise<void> {
    while (!this.meta.whole) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Whether the recording has ended without any sound. */
  get empty(): boolean {
    return this.meta.whole && !this.size;
  }

  refuse(): Promise<void> {
    this.meta.refused = true;
    this.write(() => putRecording(this.meta));
    return this.writing;
  }

  /** Delete it from the phone. */
  discard(): Promise<void> {
    return this.writing.then(() => deleteRecording(this.meta.key)).then(undefined, () => undefined);
  }

  /** The bytes from `start`, at most up to `end`; waits for them during a recording. */
  async slice(start: number, end: number): Promise<{ value: Blob; done: boolean }> {
    while (!this.meta.whole && this.size - start < MIN_PIECE_BYTES) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    const parts: ArrayBuffer[] = [];
    let at = 0;
    for (const part of this.data) {
      const from = Math.max(start - at, 0);
      const to = Math.min(end - at, part.byteLength);
      if (from < to) parts.push(part.slice(from, to));
      at += part.byteLength;
    }
    const value = new Blob(parts);
    return { value, done: this.meta.whole && start + value.size >= this.size };
  }

  private wake(): void {
    for (const go of this.waiting.splice(0)) go();
  }

  private write(work: () => Promise<boolean>): void {
    this.writing = this.writing.then(work).then(
      (outlives) => {
        if (!outlives) this.kept = false;
      },
      () => {
        this.kept = false;
      },
    );
  }
}

/** Whether no piece was added for `ms` milliseconds. */
export const isAbandoned = (meta: RecordingMeta, ms: number): boolean =>
  Date.now() - meta.touched > ms;
