// Recording: press to start, press to stop. It never ends because somebody is silent, and what was
// said is on the device every few seconds, so that a closed page loses next to nothing.

import { newId, voices } from "./store.js";

const SAVE = 3_000;
const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];

export const canRecord = Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);

export class Recording {
  // `on`: second(n), ended(voice). Rejects when there is no microphone or it is not allowed.
  static async begin(limitSeconds, on) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    return new Recording(stream, limitSeconds, on);
  }

  constructor(stream, limitSeconds, on) {
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
    this.voice = { id: newId(), at: Date.now(), open: true, blob: new Blob([]) };
    const chunks = [];
    this.recorder.ondataavailable = (event) => {
      if (event.data.size) chunks.push(event.data);
      this.voice.blob = new Blob(chunks, { type: this.recorder.mimeType });
      if (this.recorder.state === "recording" && this.voice.blob.size) voices.put(this.voice);
    };
    this.recorder.onstop = async () => {
      clearInterval(this.clock);
      for (const track of stream.getTracks()) track.stop();
      this.voice.open = false;
      await voices.put(this.voice);
      on.ended(this.voice);
    };
    let seconds = 0;
    this.clock = setInterval(() => {
      seconds += 1;
      on.second(seconds);
      if (seconds >= limitSeconds) this.stop();
    }, 1000);
    this.recorder.start(SAVE);
  }

  stop() {
    if (this.recorder.state !== "inactive") this.recorder.stop();
  }
}
