// The resident's page: one button, its states, and what the screen shows in each of them.

import "./page.css";

import { knownRequestOf, type Receipt } from "./upload";
import { readBytes, canRecord } from "./microphone";
import { greet, type Household } from "./household";
import { showMyRequests } from "./my_requests";
import { Recording } from "./recording";
import {
  leaveResult, sendAnswersUntilTaken, showDanger, showResult, watchForDanger,
} from "./result";
import { focusOn, show, offerTextSizes, write } from "./screen";
import { Sender } from "./sender";
import { allRequests } from "./database";
import { StoredRecording } from "./recording_store";
import { stopSpeaking, preloadPrompts, speak, unlockSound } from "./announcer";
import { element, language, say } from "./words";

type State = "ready" | "asking" | "recording" | "sending" | "result";

const MARGIN_SECONDS = 2; // seconds below the server's limit, so that the last piece still fits
const CHECK_STORED_MS = 20_000; // ms between two checks for unsent recordings on the phone
const JUST_OPENED_MS = 5_000; // ms in which the screen may switch to an earlier visit's recording
const limit = Math.max(3, Number(document.body.getAttribute("data-limit")) - MARGIN_SECONDS);
const button = element("button") as HTMLButtonElement;

let state: State = "ready";
let recording: Recording | null = null;
let current: StoredRecording | null = null; // the recording whose delivery the screen shows
let household: Household | null = null;
let hello = say("hello_ready");

const sender = new Sender({
  sending: (stored) => {
    if (stored === current && state === "sending") showDeliveryState("kept_sending");
  },
  waiting: (stored, busy) => {
    registerSync();
    if (stored !== current || state !== "sending") return;
    if (stored.kept) showDeliveryState(busy ? "kept_busy" : "kept_waiting");
    else showDeliveryState(busy ? "open_busy" : "open_waiting");
  },
  received,
  refused: (stored) => {
    if (stored !== current || state !== "sending") {
      write("news", say("one_refused"));
      return show("news");
    }
    showDeliveryState("refused");
  },
  gone: refreshMyRequests,
});

// What the screen says about a recording that has not arrived → the prompt with the same words.
const STATE_PROMPTS: { [key: string]: string } = {
  kept_waiting: "offline-kept",
  kept_busy: "busy-kept",
  open_waiting: "offline-open",
  open_busy: "busy-open",
  refused: "ring-a-person",
};

let announced = "";
function showDeliveryState(key: string): void {
  write("fate", say(key));
  element("sending").setAttribute("data-fate", key);
  const prompt = STATE_PROMPTS[key];
  if (prompt && announced !== key) speak({ text: say(key), prompts: [prompt] });
  if (key !== "kept_sending") announced = key; // the same result is not announced twice
}

function enter(next: State): void {
  state = next;
  document.body.setAttribute("data-state", next);
  const mayRecord = next === "ready" || next === "asking" || next === "recording";
  show("talk", mayRecord);
  show("sending", next === "sending");
  show("result", next === "result");
  show("meter", next === "recording");
  show("clock", next === "recording");
  show("mine", !mayRecord || next === "ready" ? element("list").childNodes.length > 0 : false);
  const words = mayRecord ? next : "ready";
  write("hello", next === "ready" ? hello : say(`hello_${words}`));
  write("label", say(`button_${words}`));
  write("hint", say(`hint_${words}`));
}

async function begin(): Promise<void> {
  unlockSound();
  stopSpeaking();
  preloadPrompts();
  leaveResult();
  current = null;
  enter("asking");
  show("news", false);
  write("clock", "0:00");
  try {
    recording = await Recording.begin(limit, language, household && household.token, {
      level: showLevel,
      second: (seconds) => {
        const two = (n: number) => (n < 10 ? `0${n}` : String(n));
        write("clock", `${Math.floor(seconds / 60)}:${two(seconds % 60)}`);
      },
      quiet: (silent) => write("hint", say(silent ? "quiet" : "hint_recording")),
      warning: (left) => {
        write("hint", say("warning", { seconds: left }));
        speak({ text: say("warning", { seconds: left }), prompts: ["warning"] });
      },
      ended,
    });
  } catch (_) {
    noMicrophone("no_microphone", "no-microphone");
    return;
  }
  enter("recording");
  sender.send(recording.stored, true);
  registerSync(); // if the page is closed, the browser sends what was recorded
}

/** `now`: loudness 0..1; null hides the bar, which would suggest silence if it stood still. */
function showLevel(now: number | null): void {
  show("meter", now !== null);
  const bar = element("level");
  bar.style.transform = bar.style.webkitTransform = `scaleX(${Math.max(0.02, now || 0)})`;
}

function noMicrophone(words: string, prompt: string): void {
  enter("ready");
  offerFile(words);
  focusOn("input");
  speak({ text: say(words), prompts: [prompt] });
}

function ended(stored: StoredRecording): void {
  recording = null;
  stopSpeaking();
  if (stored.empty) noMicrophone("nothing_heard", "nothing-heard");
  else showSending(stored);
  sender.send(stored, false); // in case the attempt ended during the recording
  sender.retryNow(); // the sender may be pausing after a failure: now the resident waits
  registerSync();
}

/** The recording has ended: from now on the screen shows how far its delivery is. */
function showSending(stored: StoredRecording): void {
  current = stored;
  announced = "";
  enter("sending");
  showDeliveryState("kept_sending");
  write("safe", say("safe_open"));
  window.scrollTo(0, 0);
  focusOn("safe");
  stored.safe.then(() => {
    if (stored === current && stored.kept) write("safe", say("safe_kept"));
  });
}

function received(stored: StoredRecording, receipt: Receipt): void {
  refreshMyRequests();
  // Of another recording only danger is shown: the resident may be reading or speaking.
  if (stored !== current || state !== "sending") return watchForDanger(receipt.status_url);
  enter("result");
  showResult(knownRequestOf(stored, receipt), refreshMyRequests);
}

function press(): void {
  if (state === "ready") begin();
  else if (state === "recording" && recording) recording.press();
}

function showStart(): void {
  stopSpeaking();
  leaveResult();
  current = null;
  enter("ready");
  button.focus();
  window.scrollTo(0, 0);
}

/** Offer the phone's own recorder, where the page may not use the microphone. */
function offerFile(why: string): void {
  write("why", say(why));
  show("file");
  button.hidden = true;
  show("hint", false);
}

async function takeFile(input: HTMLInputElement): Promise<void> {
  const file = input.files && input.files[0];
  if (!file) return;
  unlockSound();
  preloadPrompts();
  const type = file.type || "application/octet-stream";
  const stored = StoredRecording.begin(type, language, household && household.token);
  stored.append(await readBytes(file));
  stored.end(); // not awaited: a phone that can't store it can still send it
  input.value = "";
  sender.send(stored, true);
  showSending(stored);
}

let refreshing = 0;
function refreshMyRequests(): void {
  clearTimeout(refreshing);
  refreshing = window.setTimeout(async () => {
    const stored = async () => (await allRequests()).map((kept) => kept.status_key);
    const keys = household ? await household.keys() : await stored();
    await showMyRequests(keys);
    if (state === "asking" || state === "recording") show("mine", false);
  }, 300);
}

const opened = Date.now();

async function sendStoredRecordings(): Promise<void> {
  for (const { key } of await StoredRecording.unsent()) {
    sender.sendStored(key, (stored) => {
      const justOpened = Date.now() - opened < JUST_OPENED_MS;
      if (state === "ready" && !current && justOpened) showSending(stored);
    });
  }
}

let registration: ServiceWorkerRegistration | null = null;

/** Ask for a background sync: when the network is back, the browser starts our service worker, even
 *  if the page is closed. */
function registerSync(): void {
  const sync = registration && (registration as unknown as Syncing).sync;
  if (sync) sync.register("send").then(undefined, () => undefined);
}
interface Syncing {
  sync?: { register(tag: string): Promise<void> };
}

function installWorker(): void {
  if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
  navigator.serviceWorker.addEventListener("message", () => sender.retryNow());
  navigator.serviceWorker.register("/sw.js").then(
    () =>
      navigator.serviceWorker.ready.then((found) => {
        registration = found;
        if (found.active) found.active.postMessage({ keep: location.pathname });
        if (state !== "ready") registerSync(); // a recording began before
      }),
    () => undefined,
  );
}

function start(): void {
  offerTextSizes();
  enter("ready");
  showDanger(false);
  button.onclick = press;
  element("another").onclick = element("more").onclick = showStart;
  const input = element("input") as HTMLInputElement;
  input.onchange = () => takeFile(input);
  if (canRecord()) {
    button.hidden = false; // hidden until now: without scripts the form is shown instead
    show("file", false);
  } else offerFile(window.isSecureContext === false ? "not_secure" : "no_recorder");
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && recording) recording.flush();
  });
  window.addEventListener("pagehide", () => {
    if (recording) {
      recording.flush();
      recording.stop();
    }
    if (state !== "ready") registerSync();
  });
  sendStoredRecordings();
  setInterval(sendStoredRecordings, CHECK_STORED_MS);
  sendAnswersUntilTaken();
  greet({
    name: (name) => {
      hello = name === null ? say("hello_ready") : say("hello_name", { name });
      if (state === "ready") write("hello", hello);
    },
    ready: (known) => {
      household = known;
      refreshMyRequests();
    },
    mayLeave: () => state === "ready" && !current,
  });
  window.addEventListener("load", () => setTimeout(installWorker, 0));
}

start();
