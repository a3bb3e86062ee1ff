// The page: what was said, in order, and two ways to say more.

import { Link } from "./link.js";
import { newId, outbox, read, voices, write } from "./store.js";
import { canRecord, Recording } from "./voice.js";

const $ = (id) => document.getElementById(id);
const say = JSON.parse($("words").textContent);
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const language = document.documentElement.lang;
const log = $("log");
const limit = Number(document.body.dataset.limit);
const shown = new Map(); // by our id, and hers by the page's own id

function bubble(from, who, words) {
  const item = document.createElement("div");
  item.className = from;
  const name = item.appendChild(document.createElement("span"));
  name.className = "who";
  name.textContent = who;
  const text = item.appendChild(document.createElement("span"));
  text.className = "words";
  text.textContent = words;
  return item;
}

function state(item, text) {
  let line = item.querySelector(".state");
  if (!line) {
    line = item.appendChild(document.createElement("span"));
    line.className = "state";
  }
  line.textContent = text;
}

// Ours and her kept ones stand by id; what waits stands below them, in the order it was written.
function place(item, id) {
  item.dataset.id = id ?? "";
  const before = [...log.children].find((other) => {
    if (other === item || other.classList.contains("first")) return false;
    if (!other.dataset.id) return Boolean(id);
    return id && Number(other.dataset.id) > id;
  });
  if (before) log.insertBefore(item, before);
  else if (item.parentNode !== log || item.nextSibling) log.append(item);
  follow ||= !id;
  toEnd();
}

// Who reads further up is left there; who is at the end stays there, also when less fits.
let follow = true;
function toEnd() {
  if (follow) log.scrollTop = log.scrollHeight;
}
log.onscroll = () => { follow = log.scrollHeight - log.scrollTop - log.clientHeight < 120; };
let height = 0;
new ResizeObserver(() => {
  if (log.clientHeight !== height) toEnd();
  height = log.clientHeight;
}).observe(log);

function waiting(id, words) {
  if (shown.has(id)) return;
  const item = bubble("visitor", say.you, words);
  state(item, say.waiting);
  shown.set(id, item);
  place(item, null);
}

function kept(clientId, id) {
  const item = shown.get(clientId);
  if (!item) return;
  state(item, say.kept);
  shown.set(id, item);
  place(item, id);
}

function message(frame) {
  const mine = frame.from === "visitor";
  const known = shown.get(frame.id) ?? (frame.client_id && shown.get(frame.client_id));
  if (known) {
    kept(frame.client_id, frame.id);
    if (frame.kind === "voice" && frame.text) heard(frame.id, frame.text);
    return;
  }
  const words = frame.kind === "voice" ? say.voice : (frame.text ?? "");
  const item = bubble(frame.from, mine ? say.you : (frame.who ?? say.us), words);
  if (frame.code?.startsWith("emergency")) {
    item.classList.add("emergency");
    item.append($("dials").content.cloneNode(true));
  }
  shown.set(frame.id, item);
  if (frame.client_id) shown.set(frame.client_id, item);
  if (mine) state(item, say.kept);
  place(item, frame.id);
  if (mine && frame.kind === "voice" && frame.text) heard(frame.id, frame.text);
}

function heard(id, text) {
  const item = shown.get(id);
  if (item && text) item.querySelector(".words").textContent = fill(say.heard, { text });
}

function refused(clientId, code) {
  const item = shown.get(clientId);
  if (item) state(item, say[`refused_${code}`] ?? say.refused);
}

// A connection that comes back at once needs no word.
let losing = null;
function connected(is) {
  if (is) {
    clearTimeout(losing);
    losing = null;
    $("offline").hidden = true;
  } else {
    losing ??= setTimeout(() => { $("offline").hidden = false; }, 1500);
  }
}

const link = new Link(language, {
  message,
  heard,
  kept,
  refused,
  synced() {},
  typing: (on) => { $("typing").textContent = on ? say.typing : ""; },
  state: connected,
});

function submit(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return $("text").focus();
  const id = newId();
  outbox.add({ id, text, at: Date.now() });
  waiting(id, text);
  $("text").value = "";
  grow();
  link.connect();
  link.sendNext();
}

function grow() {
  const field = $("text");
  field.rows = Math.min(Math.max(field.value.split("\n").length, 1), 4);
}

let recording = null;
async function speak() {
  const button = $("speak");
  if (recording) return recording.stop();
  button.disabled = true;
  try {
    recording = await Recording.begin(limit, {
      second(n) {
        const left = limit - n;
        button.textContent = fill(say.stop, { seconds: n });
        if (left === 30) $("note").textContent = fill(say.left, { seconds: left });
      },
      ended(voice) {
        recording = null;
        button.setAttribute("aria-pressed", "false");
        button.textContent = say.speak;
        $("note").textContent = "";
        if (voice.blob.size) spoke(voice);
      },
    });
    button.setAttribute("aria-pressed", "true");
    button.textContent = fill(say.stop, { seconds: 0 });
    $("note").textContent = say.recording;
  } catch {
    $("note").textContent = say.no_microphone;
  } finally {
    button.disabled = false;
  }
}

function spoke(voice) {
  waiting(voice.id, say.voice);
  link.connect();
  link.uploadNext();
}

async function picked(event) {
  const [blob] = event.target.files;
  if (!blob) return;
  const voice = { id: newId(), at: Date.now(), open: false, blob };
  await voices.put(voice);
  event.target.value = "";
  spoke(voice);
}

function size(step) {
  const next = Math.min(Math.max(read("size", 1) + step, 0), 3);
  write("size", next);
  document.documentElement.dataset.size = next;
}

size(0);
$("smaller").onclick = () => size(-1);
$("larger").onclick = () => size(1);
$("form").onsubmit = submit;
$("text").oninput = grow;
$("text").onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
};
$("speak").onclick = speak;
$("pick").onchange = picked;
if (!canRecord) {
  $("speak").hidden = true;
  document.querySelector(".pick").hidden = false;
}
addEventListener("keydown", (event) => {
  // No data goes out with it: any site that frames us may know that Escape was pressed.
  if (event.key === "Escape" && parent !== window) parent.postMessage("huying.close", "*");
});
for (const message of outbox.all()) waiting(message.id, message.text);
for (const voice of await voices.all()) waiting(voice.id, say.voice);
