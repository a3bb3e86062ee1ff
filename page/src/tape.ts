// A recording that may still be growing, written to the phone piece by piece and read by the upload.

import { pieces, putPiece, putRecording, recordings, type Meta } from "./store";

const ENOUGH = 8 * 1024; // bytes worth a request of their own while she still speaks
const GONE = 8_000; // ms without a new piece: the page that recorded it is gone

export class Tape {
  /** Bytes that lay on the other side when it was last asked. */
  arrived = 0;
  private data: ArrayBuffer[] = [];
  private size = 0;
  private writing: Promise<void> = Promise.resolve();
  private waiting: Array<() => void> = [];

  private constructor(readonly meta: Meta) {}

  /** A new recording of an audio `type`. */
  static begin(type: string, language: string, household: string | null): Tape {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const tape = new Tape({
      key: Array.from(bytes, (b) => (b + 256).toString(16).slice(1)).join(""),
      type,
      language,
      household,
      recorded_at: new Date().toISOString(),
      touched: Date.now(),
      whole: false,
      refused: false,
    });
    tape.write(() => putRecording(tape.meta));
    return tape;
  }

  /** What lies on the phone and nobody is recording any more, the oldest first. */
  static async left(): Promise<Tape[]> {
    const found = (await recordings()).filter(
      (m) => !m.refused && (m.whole || Date.now() - m.touched > GONE),
    );
    found.sort((a, b) => (a.recorded_at < b.recorded_at ? -1 : 1));
    const tapes: Tape[] = [];
    for (const meta of found) {
      const tape = new Tape(meta);
      tape.data = await pieces(meta.key);
      tape.size = tape.data.reduce((sum, part) => sum + part.byteLength, 0);
      tape.meta.whole = true;
      tapes.push(tape);
    }
    return tapes;
  }

  get bytes(): number {
    return this.size;
  }

  /** Resolves when everything so far lies on the phone. A full phone does not end a recording. */
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

  refuse(): Promise<void> {
    this.meta.refused = true;
    this.write(() => putRecording(this.meta));
    return this.writing;
  }

  /** The bytes from `start`, at most up to `end`; waits while she speaks and there are none. */
  async slice(start: number, end: number): Promise<{ value: Blob; done: boolean }> {
    while (!this.meta.whole && this.size - start < ENOUGH) {
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

  private write(work: () => Promise<void>): void {
    this.writing = this.writing.then(work).then(undefined, () => undefined);
  }
}
