// 16-bit mono WAV as a stream: its header states no length, readers go on to the end.

const UNKNOWN = 0xffffffff;

/** A header of 44 bytes for samples at `rate` Hz. */
export function wavHeader(rate: number): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(44));
  const word = (at: number, text: string) => {
    for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
  };
  word(0, "RIFF");
  view.setUint32(4, UNKNOWN, true);
  word(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  word(36, "data");
  view.setUint32(40, UNKNOWN, true);
  return view.buffer;
}

/** Takes samples (−1..1) at the sound card's rate `from` and gives 16-bit samples at `to` Hz, by
 *  averaging. */
export class WavPieces {
  private samples: number[] = [];
  private sum = 0;
  private count = 0;
  private position = 0;

  constructor(
    private readonly from: number,
    private readonly to: number,
  ) {}

  /** Returns how many seconds can be taken. */
  add(samples: Float32Array): number {
    const step = Math.max(1, this.from / this.to);
    for (let i = 0; i < samples.length; i++) {
      this.sum += samples[i] as number;
      this.count += 1;
      this.position += 1;
      if (this.position >= step) {
        this.position -= step;
        this.samples.push(this.sum / this.count);
        this.sum = this.count = 0;
      }
    }
    return this.samples.length / this.to;
  }

  take(): ArrayBuffer {
    const view = new DataView(new ArrayBuffer(this.samples.length * 2));
    this.samples.forEach((sample, i) => {
      const bounded = Math.max(-1, Math.min(1, sample));
      view.setInt16(i * 2, Math.round(bounded * 32767), true);
    });
    this.samples = [];
    return view.buffer;
  }
}
