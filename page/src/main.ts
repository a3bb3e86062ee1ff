// One button. Everything that is shown and said hangs together here.

import "./page.css";

import { requestOf, type Receipt } from "./deliver";
import { bytesOf, canRecord } from "./ears";
import { greet, type House } from "./household";
import { showMine } from "./mine";
import { Recording } from "./recording";
import { bringAnswers, leaveResult, showDanger, showResult, watchForDanger } from "./result";
import { focusOn, show, sizes, write } from "./screen";
import { Sender } from "./sender";
import { requests } from "./store";
import { Tape } from "./tape";
import { hush, prepare, speak, unlock } from "./voice";
import { element, language, say } from "./words";

type State = "ready" | "asking" | "recording" | "sending" | "result";

const MARGIN = 2; // seconds under the server's limit, so that the last piece still fits
const LOOK_AGAIN = 20_000; // ms between two looks at what lies on the phone
const JUST_OPENED = 5_000; // ms in which the screen may turn to what an earlier visit left
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
  waiting: (tape, busy) => {
    background();
    if (tape !== current || state !== "sending") return;
    if (tape.kept) tellFate(busy ? "kept_busy" : "kept_waiting");
    else tellFate(busy ? "open_busy" : "open_waiting");
  },
  received,
  refused: (tape) => {
    if (tape !== current || state !== "sending") {
      write("news", say("one_refused"));
      return show("news");
    }
    tellFate("refused");
  },
  gone: refreshMine,
});

// What the screen says of a recording that has not arrived, and the prompt that says the same.
const FATES: { [key: string]: string } = {
  kept_waiting: "offline-kept",
  kept_busy: "busy-kept",
  open_waiting: "offline-open",
  open_busy: "busy-open",
  refused: "ring-a-person",
};

let fate = "";
function tellFate(key: string): void {
  write("fate", say(key));
  element("sending").setAttribute("data-fate", key);
  const prompt = FATES[key];
  if (prompt && fate !== key) speak({ text: say(key), prompts: [prompt] });
  if (key !== "kept_sending") fate = key; // while it is tried again it need not be said again
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
  current = null;
  enter("asking");
  show("news", false);
  write("clock", "0:00");
  try {
    recording = await Recording.begin(limit, language, house && house.token, {
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
  sender.send(recording.tape, true);
  background(); // if she closes the page, the browser sends what it holds by then
}

/** `now` 0..1; null: a bar that can't move would say that nobody hears her. */
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

function ended(tape: Tape): void {
  recording = null;
  hush();
  if (tape.empty) noMicrophone("nothing_heard", "nothing-heard");
  else sendOff(tape);
  sender.send(tape, false); // if its sender came to an end while she spoke
  sender.hurry(); // it may be resting after a failure: now she waits for the answer
  background();
}

/** Nothing more will be said: from here on the screen tells what becomes of it. */
function sendOff(tape: Tape): void {
  current = tape;
  fate = "";
  enter("sending");
  tellFate("kept_sending");
  write("safe", say("safe_open"));
  window.scrollTo(0, 0);
  focusOn("safe");
  tape.safe.then(() => {
    if (tape === current && tape.kept) write("safe", say("safe_kept"));
  });
}

function received(tape: Tape, receipt: Receipt): void {
  refreshMine();
  // Of another than the one on the screen only danger is told: she may be reading, or speaking.
  if (tape !== current || state !== "sending") return watchForDanger(receipt.status_url);
  enter("result");
  showResult(requestOf(tape, receipt), refreshMine);
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

const opened = Date.now();

async function sendWhatWasLeft(): Promise<void> {
  for (const { key } of await Tape.left()) {
    sender.adopt(key, (tape) => {
      if (state === "ready" && !current && Date.now() - opened < JUST_OPENED) sendOff(tape);
    });
  }
}

let registration: ServiceWorkerRegistration | null = null;

/** The browser wakes our service worker when the network is back, even with the page closed. */
function background(): void {
  const sync = registration && (registration as unknown as Syncing).sync;
  if (sync) sync.register("send").then(undefined, () => undefined);
}
interface Syncing {
  sync?: { register(tag: string): Promise<void> };
}

function installWorker(): void {
  if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
  navigator.serviceWorker.addEventListener("message", () => sender.hurry());
  navigator.serviceWorker.register("/sw.js").then(
    () =>
      navigator.serviceWorker.ready.then((found) => {
        registration = found;
        if (found.active) found.active.postMessage({ keep: location.pathname });
        if (state !== "ready") background(); // she was quicker
      }),
    () => undefined,
  );
}

function start(): void {
  sizes();
  enter("ready");
  showDanger(false);
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
    if (recording) {
      recording.flush();
      recording.stop();
    }
    if (state !== "ready") background();
  });
  sendWhatWasLeft();
  setInterval(sendWhatWasLeft, LOOK_AGAIN);
  bringAnswers();
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
