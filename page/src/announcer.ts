// Say sentences aloud: with the phone's own voice where it has one for the page's language, else
// with our recorded prompts. The screen shows the same words, so a silent phone loses nothing.

import { audioContext } from "./microphone";
import { request } from "./net";
import { wavHeader } from "./wav";
import { language } from "./words";

const SLOWLY = 0.85;
const RATE = 8_000;
const PROMPTS = `/page/prompts/${language}/`;
const CACHED: RequestInit = { cache: "default" };

// Needed when there is no network, so they are loaded in advance.
const OFFLINE = ["offline-kept", "offline-open", "warning", "ring-a-person", "nothing-heard"];

/** A sentence, and the prompts that say the same where the phone has no voice. */
export interface Announcement {
  text: string;
  prompts: string[];
}

const synthesis = "speechSynthesis" in window ? window.speechSynthesis : null;
let player: HTMLAudioElement | null = null;
let names: Promise<{ [name: string]: string }> | null = null;
let turn = 0;
let failed = false;

function voice(): SpeechSynthesisVoice | null {
  if (!synthesis || failed) return null;
  const fits = synthesis.getVoices().filter((v) => v.lang.toLowerCase().indexOf(language) === 0);
  // Cantonese voices are zh-HK or yue and would read Mandarin's words in another language.
  const own = fits.filter((v) => !/hk|yue|tw/i.test(v.lang));
  const here = own.filter((v) => v.localService)[0];
  // Other voices are synthesised by a server and need a network.
  return here || (navigator.onLine !== false && own[0]) || null;
}

if (synthesis) synthesis.getVoices(); // in many browsers the first call only loads the voices

/** To be called during a press: phones let a page make sounds only after one. */
export function unlockSound(): void {
  audioContext();
  if (!player) {
    // A WebView later plays only a player that was started during a press: play 0.05 s of silence.
    player = new Audio(URL.createObjectURL(new Blob([wavHeader(RATE), new ArrayBuffer(RATE / 10)])));
    const started = player.play();
    if (started) started.then(undefined, () => undefined);
  }
  if (synthesis && voice()) {
    const nothing = new SpeechSynthesisUtterance("");
    synthesis.speak(nothing);
  }
}

/** Where the phone has no voice, load the prompts' list, and have the service worker cache the
 *  prompts that are needed without a network. */
export function preloadPrompts(): void {
  const chosen = voice();
  if ((chosen && chosen.localService) || names) return;
  names = request(`${PROMPTS}prompts.json`, CACHED, (answer) =>
    answer.ok ? answer.json() : Promise.resolve({}),
  ).then(undefined, () => {
    names = null;
    return {};
  });
  names.then((there) => {
    for (const name of OFFLINE.filter((n) => there[n])) {
      request(`${PROMPTS}${name}.mp3`, CACHED, (answer) => answer.blob()).then(
        undefined,
        () => undefined,
      );
    }
  });
}

export function stopSpeaking(): void {
  turn += 1;
  if (synthesis) synthesis.cancel();
  if (player) player.pause();
}

export async function speak(said: Announcement): Promise<void> {
  stopSpeaking();
  const mine = turn;
  const chosen = voice();
  if (chosen && synthesis) {
    const utterance = new SpeechSynthesisUtterance(said.text);
    utterance.voice = chosen;
    utterance.lang = chosen.lang;
    utterance.rate = SLOWLY;
    utterance.onerror = (event) => {
      if (mine !== turn || /^(canceled|interrupted)$/.test(event.error)) return;
      failed = true;
      playAll(said.prompts, mine);
    };
    synthesis.speak(utterance);
    return;
  }
  await playAll(said.prompts, mine);
}

async function playAll(prompts: string[], mine: number): Promise<void> {
  preloadPrompts();
  const there = names ? await names : {};
  for (const name of prompts) {
    if (mine !== turn) return;
    if (there[name]) await play(`${PROMPTS}${name}.mp3`);
  }
}

/** Play a prompt from memory: a service worker can't answer a player's range requests. */
async function play(url: string): Promise<void> {
  const mine = turn;
  const source = await (loaded[url] = loaded[url] || load(url));
  if (!source || mine !== turn) return;
  return new Promise((resolve) => {
    const audio = player || new Audio();
    player = audio;
    audio.onended = audio.onerror = audio.onpause = () => resolve();
    audio.src = source;
    const started = audio.play();
    if (started) started.then(undefined, () => resolve());
  });
}

const loaded: { [url: string]: Promise<string | null> } = {};

function load(url: string): Promise<string | null> {
  const none = () => {
    delete loaded[url];
    return null;
  };
  return request(url, CACHED, async (answer) =>
    answer.ok ? URL.createObjectURL(await answer.blob()) : none(),
  ).then(undefined, none);
}

/** A short tone and a vibration, to say that recording has begun. */
export function beep(): void {
  try {
    if (navigator.vibrate) navigator.vibrate(60);
    const context = audioContext();
    if (context) sound(context);
  } catch (_) {
    // The recording goes on without it.
  }
}

function sound(context: AudioContext): void {
  const tone = context.createOscillator();
  const volume = context.createGain();
  volume.gain.value = 0.08;
  tone.frequency.value = 660;
  tone.connect(volume);
  volume.connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.12);
}
