// One button. Everything that is shown and said hangs together here.

import "./page.css";

import type { Receipt } from "./deliver";
import { bytesOf, canRecord } from "./ears";
import { greet, type House } from "./household";
import { showMine } from "./mine";
import { Recording } from "./recording";
import { leaveResult, showResult, watchForDanger } from "./result";
import { focusOn, show, sizes, write } from "./screen";
import { Sender } from "./sender";
import { requests } from "./store";
import { Tape } from "./tape";
import { hush, prepare, speak, unlock } from "./voice";
import { element, language, say } from "./words";

type State = "ready" | "asking" | "recording" | "sending" | "result";

const MARGIN = 2; // seconds under the server's limit, so that the last piece still fits
const LOOK_AGAIN = 9_000;
const limit = Math.max(3, Number(document.body.getAttribute("data-limit")) - MARGIN);
const button = element("button") as HTMLButtonElement;

let state: State = "ready";
let recording: Recording | null = null;
let current: Tape | null = null; // the recording whose fate the screen tells
let house: House | null = null;
let hello = say("hello_ready");

const sender = new Sender({
  sending: (tape) => {
    if (tape === current && state === "sending") tellFate("kept_sending");
  },
  waiting: (tape) => {
    background();
    if (tape !== current || state !== "sending") return;
    tellFate("kept_waiting");
    show("another");
  },
  received: (tape, receipt) => received(tape, receipt),
  refused: (tape) => {
    if (tape !== current) return;
    tellFate("refused");
    show("another");
    speak({ text: say("refused"), prompts: ["ring-a-person"] });
  },
});

let fate = "";
function tellFate(key: string): void {
  write("fate", say(key));
  element("sending").setAttribute("data-fate", key);
  if (key === "kept_waiting" && fate !== key) {
    speak({ text: say("kept_waiting"), prompts: ["offline-kept"] });
  }
  fate = key;
}

function enter(next: State): void {
  state = next;
  document.body.setAttribute("data-state", next);
  const talking = next === "ready" || next === "asking" || next === "recording";
  show("talk", talking);
  show("sending", next === "sending");
  show("result", next === "result");
  show("meter", next === "recording");
  show("clock", next === "recording");
  show("mine", !talking || next === "ready" ? element("list").childNodes.length > 0 : false);
  const words = talking ? next : "ready";
  write("hello", next === "ready" ? hello : say(`hello_${words}`));
  write("label", say(`button_${words}`));
  write("hint", say(`hint_${words}`));
}

async function begin(): Promise<void> {
  unlock();
  hush();
  prepare();
  leaveResult();
  enter("asking");
  write("clock", "0:00");
  try {
    recording = await Recording.begin(limit, language, house && house.token, {
      level: (now) => {
        const bar = element("level");
        bar.style.transform = bar.style.webkitTransform = `scaleX(${Math.max(0.02, now)})`;
      },
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
    enter("ready");
    offerFile("no_microphone");
    return;
  }
  enter("recording");
  sender.send(recording.tape, true);
}

function ended(tape: Tape): void {
  recording = null;
  hush();
  sendOff(tape);
  sender.send(tape, false); // if its sender came to an end while she spoke
  sender.hurry(); // it may be resting after a failure: now she waits for the answer
}

/** Nothing more will be said: from here on the screen tells what becomes of it. */
function sendOff(tape: Tape): void {
  current = tape;
  fate = "";
  enter("sending");
  show("another", false);
  tellFate("kept_sending");
  window.scrollTo(0, 0);
  focusOn("safe");
}

function received(tape: Tape, receipt: Receipt): void {
  refreshMine();
  const free = state === "ready" || state === "sending" || state === "result";
  if (!free || (current && current !== tape && state === "sending")) {
    watchForDanger(receipt);
    return;
  }
  const aloud = current === tape;
  current = tape;
  enter("result");
  showResult(receipt, aloud, refreshMine);
}

function press(): void {
  if (state === "ready") begin();
  else if (state === "recording" && recording) recording.press();
}

function again(): void {
  hush();
  leaveResult();
  current = null;
  enter("ready");
  button.focus();
  window.scrollTo(0, 0);
}

/** The phone's own recorder, where the page may not use the microphone. */
function offerFile(why: string): void {
  write("why", say(why));
  show("file");
  button.hidden = true;
  show("hint", false);
}

async function takeFile(input: HTMLInputElement): Promise<void> {
  const file = input.files && input.files[0];
  if (!file) return;
  unlock();
  prepare();
  const tape = Tape.begin(file.type || "application/octet-stream", language, house && house.token);
  tape.append(await bytesOf(file));
  tape.end(); // not waited for: a phone that can't keep it can still send it
  input.value = "";
  sender.send(tape, true);
  sendOff(tape);
}

let refreshing = 0;
function refreshMine(): void {
  clearTimeout(refreshing);
  refreshing = window.setTimeout(async () => {
    const keys = house ? await house.keys() : (await requests()).map((kept) => kept.status_key);
    await showMine(keys);
    if (state === "asking" || state === "recording") show("mine", false);
  }, 300);
}

async function sendWhatWasLeft(): Promise<void> {
  for (const tape of await Tape.left()) {
    if (recording && recording.tape.meta.key === tape.meta.key) continue;
    if (state === "ready" && !current) sendOff(tape);
    sender.send(tape, false);
  }
}

/** The browser wakes our service worker when the network is back, even with the page closed. */
function background(): void {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.ready.then((found) => {
    const sync = (found as unknown as { sync?: { register(tag: string): Promise<void> } }).sync;
    if (sync) sync.register("send").then(undefined, () => undefined);
  });
}

function installWorker(): void {
  if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
  navigator.serviceWorker.addEventListener("message", () => sender.hurry());
  navigator.serviceWorker.register("/sw.js").then(
    () => navigator.serviceWorker.ready.then((found) => found.active && tellParts(found.active)),
    () => undefined,
  );
}

function tellParts(worker: ServiceWorker): void {
  const parts = Array.from(document.querySelectorAll("script[src], link[rel=stylesheet]"));
  const urls = parts.map((part) => part.getAttribute("src") || part.getAttribute("href"));
  worker.postMessage({ keep: [location.pathname, ...urls] });
}

function start(): void {
  sizes();
  enter("ready");
  button.onclick = press;
  element("another").onclick = element("more").onclick = again;
  const input = element("input") as HTMLInputElement;
  input.onchange = () => takeFile(input);
  if (canRecord()) {
    button.hidden = false; // without scripts the form stands there
    show("file", false);
  } else offerFile(window.isSecureContext === false ? "not_secure" : "no_recorder");
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && recording) recording.flush();
  });
  window.addEventListener("pagehide", () => {
    if (!recording) return;
    recording.flush();
    recording.stop();
  });
  sendWhatWasLeft();
  setTimeout(sendWhatWasLeft, LOOK_AGAIN);
  greet({
    name: (name) => {
      hello = name === null ? say("hello_ready") : say("hello_name", { name });
      if (state === "ready") write("hello", hello);
    },
    ready: (known) => {
      house = known;
      refreshMine();
    },
    mayLeave: () => state === "ready" && !current,
  });
  window.addEventListener("load", () => setTimeout(installWorker, 0));
}

start();
