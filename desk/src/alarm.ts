// An emergency that nobody has taken rings on every page of the desk until an operator takes it.
// Browsers allow sound only after a first key or click: until then a bar says that it is off.

import { say } from "./words";

const RING_EVERY_MS = 2500;
const POLL_MS = 60_000;
const TONES = [880, 660, 880, 660];
const TONE_SECONDS = 0.22;

interface Ringing {
  tracking_number: string;
}

let audio: AudioContext | null = null;
let ringing: Ringing[] = [];
let timer = 0;

const bar = document.createElement("div");
bar.id = "alarm-bar";
bar.setAttribute("role", "alert");
const link = document.createElement("a");
link.href = "/desk";
const turnOn = document.createElement("button");
turnOn.type = "button";
turnOn.id = "sound-on";
turnOn.textContent = say("alarm_sound_off");

function soundIsOn(): boolean {
  return audio?.state === "running";
}

function wake(): void {
  if (!audio) {
    audio = new AudioContext();
    audio.addEventListener("statechange", show);
  }
  void audio.resume();
}

function play(): void {
  if (audio && soundIsOn()) sound(TONES, "square", 0.2);
}

function sound(tones: number[], type: OscillatorType, volume: number): void {
  tones.forEach((frequency, place) => {
    const at = audio!.currentTime + place * TONE_SECONDS;
    const tone = audio!.createOscillator();
    const loud = audio!.createGain();
    tone.type = type;
    tone.frequency.value = frequency;
    loud.gain.setValueAtTime(volume, at);
    loud.gain.exponentialRampToValueAtTime(0.001, at + TONE_SECONDS * 0.95);
    tone.connect(loud).connect(audio!.destination);
    tone.start(at);
    tone.stop(at + TONE_SECONDS);
  });
}

/** A soft sound of two tones, unlike the alarm's: something may be danger and waits for an ear. */
function chime(): void {
  if (audio && soundIsOn()) sound([523, 784], "sine", 0.12);
}

/** Ring in one of the open pages only. */
function ring(): void {
  if (!navigator.locks) return play();
  void navigator.locks.request("huying-ring", { ifAvailable: true }, async (lock) => {
    if (!lock || !soundIsOn()) return;
    play();
    await new Promise((done) => window.setTimeout(done, RING_EVERY_MS * 0.8));
  });
}

function show(): void {
  const many = ringing.length;
  document.body.dataset["ringing"] = String(many);
  bar.hidden = many === 0 && soundIsOn();
  bar.classList.toggle("rings", many > 0);
  link.hidden = many === 0;
  const words = many ? say("alarm_ringing", { count: many, numbers: ringing.map((r) => r.tracking_number).join(", ") }) : "";
  if (link.textContent !== words) link.textContent = words;
  turnOn.hidden = soundIsOn();
  window.clearInterval(timer);
  if (many && soundIsOn()) {
    ring();
    timer = window.setInterval(ring, RING_EVERY_MS);
  }
}

async function ask(): Promise<void> {
  try {
    const answer = await fetch("/api/alarms", { credentials: "same-origin", headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const found = (await answer.json()) as Ringing[];
    const before = ringing.map((r) => r.tracking_number).join();
    ringing = found;
    if (before !== ringing.map((r) => r.tracking_number).join()) show();
  } catch {
    // Offline: an alarm that rings goes on.
  }
}

if (document.body.dataset["me"] && document.body.dataset["role"] !== "station") {
  bar.append(link, turnOn);
  document.getElementById("main")?.before(bar);
  turnOn.addEventListener("click", wake);
  // After the press (click, not pointerdown): the bar disappears and the page below it moves.
  // At every gesture: some keys do not count as one, and a browser may suspend the sound again.
  for (const gesture of ["click", "keydown"]) document.addEventListener(gesture, () => soundIsOn() || wake());
  if ((navigator as { userActivation?: UserActivation }).userActivation?.hasBeenActive) wake();
  show();
  void ask();
  document.addEventListener("huying:alarm", () => void ask());
  document.addEventListener("huying:hello", () => void ask());
  document.addEventListener("huying:listen", chime);
  window.setInterval(() => void ask(), POLL_MS);
}
