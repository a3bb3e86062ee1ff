// The microphone: MediaRecorder where there is one, else WAV made here from a ScriptProcessor.
// Silence never ends a recording.

import { wavHeader, WavPieces } from "./wav";

const PIECE_MS = 1000;
const TYPES = [
  "audio/webm;codecs=opus",
  "audio/mp4;codecs=mp4a.40.2",
  "audio/mp4",
  "audio/ogg;codecs=opus",
];
const BITS = 32_000;
const WAV_RATE = 16_000;

interface OldBrowser {
  webkitAudioContext?: typeof AudioContext;
  webkitGetUserMedia?: OldGet;
  mozGetUserMedia?: OldGet;
}
type OldGet = (
  what: MediaStreamConstraints,
  ok: (stream: MediaStream) => void,
  no: (error: unknown) => void,
) => void;

export interface Microphone {
  type: string;
  /** Loudness now, 0..1 (0: −50 dBFS, 1: −10 dBFS); null where it can't be measured. */
  level(): number | null;
  /** Pass on what was recorded up to now. */
  flush(): void;
  stop(): void;
}

export interface MicrophoneEvents {
  piece(data: ArrayBuffer): void;
  /** The recording ended: by `stop`, or because the phone took the microphone away. */
  ended(): void;
}

let shared: AudioContext | null = null;

/** The page's only AudioContext; it must be created during a press, or iOS keeps it silent. */
export function audioContext(): AudioContext | null {
  if (!shared || shared.state === "closed") {
    const Context = window.AudioContext || (window as unknown as OldBrowser).webkitAudioContext;
    try {
      shared = Context ? new Context() : null;
      if (shared) shared.onstatechange = resume;
    } catch (_) {
      shared = null;
    }
  }
  resume();
  return shared;
}

/** Phones suspend sound until a press; an iPhone calls it "interrupted" during a call. */
function resume(): void {
  if (!shared || shared.state === "running" || shared.state === "closed") return;
  const woken = shared.resume() as Promise<void> | undefined;
  if (woken) woken.then(undefined, () => undefined);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) resume();
});

function oldGet(): OldGet | undefined {
  const old = navigator as unknown as OldBrowser;
  return old.webkitGetUserMedia || old.mozGetUserMedia;
}

/** Whether this browser can record; if not, the page offers the phone's own recorder. */
export function canRecord(): boolean {
  const get = Boolean(navigator.mediaDevices && navigator.mediaDevices.getUserMedia) || oldGet();
  const Context = window.AudioContext || (window as unknown as OldBrowser).webkitAudioContext;
  return Boolean(get && (typeof MediaRecorder !== "undefined" || Context));
}

function requestStream(): Promise<MediaStream> {
  const wish = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  if (navigator.mediaDevices && navigator.mediaDevices.getUserMedia) {
    return navigator.mediaDevices.getUserMedia({ audio: wish });
  }
  return new Promise((ok, no) => {
    const get = oldGet();
    if (get) get.call(navigator, { audio: true }, ok, no);
    else no(new Error("no microphone"));
  });
}

/** Start recording; rejects when there is no microphone or it is not allowed. */
export async function openMicrophone(events: MicrophoneEvents): Promise<Microphone> {
  const context = audioContext();
  const stream = await requestStream();
  const level = meter(context, stream);
  const recorder = mediaRecorder(stream);
  if (recorder) {
    try {
      return record(recorder, stream, events, level);
    } catch (_) {
      // Some WebViews have a MediaRecorder that can't start.
    }
  }
  if (!context) throw new Error("no recorder");
  return recordWav(context, stream, events, level);
}

function mediaRecorder(stream: MediaStream): MediaRecorder | null {
  if (typeof MediaRecorder === "undefined") return null;
  const asks = Boolean(MediaRecorder.isTypeSupported);
  const mimeType = asks ? TYPES.filter((t) => MediaRecorder.isTypeSupported(t))[0] : undefined;
  if (asks && !mimeType) return null; // MediaRecorder exists, but supports none of our formats
  try {
    return new MediaRecorder(stream, mimeType ? { mimeType, audioBitsPerSecond: BITS } : {});
  } catch (_) {
    return null;
  }
}

function record(
  recorder: MediaRecorder,
  stream: MediaStream,
  events: MicrophoneEvents,
  level: () => number | null,
): Microphone {
  let reading: Promise<void> = Promise.resolve();
  recorder.ondataavailable = (event) => {
    // One after the other: pieces in another order would be noise.
    reading = reading.then(() => readBytes(event.data)).then(events.piece, () => undefined);
  };
  recorder.onstop = () => {
    release(stream);
    reading.then(events.ended, events.ended);
  };
  const stop = () => {
    if (recorder.state !== "inactive") recorder.stop();
  };
  recorder.onerror = stop;
  watch(stream, stop);
  recorder.start(PIECE_MS);
  return {
    type: recorder.mimeType || "audio/webm",
    level,
    flush: () => {
      if (recorder.state === "recording") recorder.requestData();
    },
    stop,
  };
}

function recordWav(
  context: AudioContext,
  stream: MediaStream,
  events: MicrophoneEvents,
  level: () => number | null,
): Microphone {
  const source = context.createMediaStreamSource(stream);
  const node = context.createScriptProcessor(4096, 1, 1);
  const rate = Math.min(WAV_RATE, context.sampleRate); // a headset's may be 8 kHz
  const pieces = new WavPieces(context.sampleRate, rate);
  let running = true;
  let begun = false;
  const flush = () => {
    const data = pieces.take();
    if (data.byteLength && !begun) events.piece(wavHeader(rate));
    begun = begun || data.byteLength > 0;
    events.piece(data);
  };
  node.onaudioprocess = (event) => {
    if (running && pieces.add(event.inputBuffer.getChannelData(0)) >= PIECE_MS / 1000) flush();
  };
  source.connect(node);
  node.connect(context.destination); // or the node gets no samples; it plays silence
  const stop = () => {
    if (!running) return;
    running = false;
    source.disconnect();
    node.disconnect();
    release(stream);
    flush();
    events.ended();
  };
  watch(stream, stop);
  return { type: "audio/wav", level, flush, stop };
}

const unknown = (): null => null;

/** Measures loudness for the display only, so an error here must not end the recording. */
function meter(context: AudioContext | null, stream: MediaStream): () => number | null {
  try {
    return context ? measured(context, stream) : unknown;
  } catch (_) {
    return unknown;
  }
}

function measured(context: AudioContext, stream: MediaStream): () => number | null {
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const wave = new Uint8Array(analyser.fftSize);
  return () => {
    if (context.state !== "running") return null;
    analyser.getByteTimeDomainData(wave);
    let sum = 0;
    for (let i = 0; i < wave.length; i++) sum += Math.pow(((wave[i] as number) - 128) / 128, 2);
    // −50 dBFS, a quiet room, is 0; −10 dBFS, loud speech close by, is 1.
    const db = 10 * Math.log(sum / wave.length + 1e-9) * Math.LOG10E;
    return Math.min(1, Math.max(0, (db + 50) / 40));
  };
}

function watch(stream: MediaStream, stop: () => void): void {
  for (const track of stream.getTracks()) track.onended = stop; // a call came in on an iPhone
}

function release(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** A Blob's bytes; Blob.arrayBuffer is missing in the oldest supported browsers. */
export function readBytes(blob: Blob): Promise<ArrayBuffer> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.onerror = () => reject(reader.error);
    reader.readAsArrayBuffer(blob);
  });
}
