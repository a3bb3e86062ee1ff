// The operators' worklist: updates itself, keeps focus and position while it does, works by keyboard.

import htmx from "htmx.org";

import "./countdown";
import { registerKeys } from "./keys";
import "./worklist.css";
import { say, tell } from "./words";

const AT_MOST_EVERY_MS = 1000;
const REST_MS = 400; // the pointer must rest so long before lines may move
const HELD_MS = 3000; // but an update waits at most so long
const REFRESH_EVERY_MS = 60_000;

const live = (): HTMLElement | null => document.getElementById("live");
const links = (): HTMLAnchorElement[] => [...document.querySelectorAll<HTMLAnchorElement>("#live a.go")];

function move(by: number): void {
  const all = links();
  const at = all.indexOf(document.activeElement as HTMLAnchorElement);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
  next?.focus();
  next?.closest(".line")?.scrollIntoView({ block: "nearest" });
}

interface Place {
  index: number;
  id: string;
  top: number;
  focused: boolean;
}

/** The operator's place in the list: the line with the focus, or else the first one in view. */
function place(): Place | null {
  const all = links();
  const focused = all.indexOf(document.activeElement as HTMLAnchorElement);
  const index = focused >= 0 ? focused : all.findIndex((a) => a.getBoundingClientRect().top >= 0);
  const link = all[index];
  return link ? { index, id: link.id, top: link.getBoundingClientRect().top, focused: focused >= 0 } : null;
}

function putBack(was: Place | null): void {
  if (!was) return;
  const all = links();
  const link = (document.getElementById(was.id) as HTMLAnchorElement | null) ?? all[Math.min(was.index, all.length - 1)];
  if (!link) return;
  if (was.focused && document.activeElement !== link) link.focus({ preventScroll: true });
  if (window.scrollY > 0) window.scrollBy(0, link.getBoundingClientRect().top - was.top);
}

let due = 0;
let pressed = false;
let moved = 0;
let heldSince = 0;
let was: Place | null = null;
let before = new Set<string>();

function numbers(where: string): Set<string> {
  return new Set([...document.querySelectorAll<HTMLElement>(where)].map((e) => e.dataset["number"] ?? ""));
}

function soon(): void {
  if (due) return;
  due = window.setTimeout(() => {
    due = 0;
    const here = live();
    if (here) htmx.trigger(here, "huying:refresh");
  }, AT_MOST_EVERY_MS);
}

/** Whether the operator is clicking or about to: lines must not move under the pointer. */
function pointerBusy(): boolean {
  const now = Date.now();
  const holds = pressed || (now - moved < REST_MS && now - (heldSince || now) < HELD_MS);
  heldSince = holds ? heldSince || now : 0;
  return holds;
}

if (live()) {
  const inList = (event: Event): boolean => (event.target as Element).closest("#live") !== null;
  document.addEventListener("pointerdown", (event) => (pressed = inList(event)));
  for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => (pressed = false));
  document.addEventListener("pointermove", (event) => {
    if (!event.buttons) pressed = false; // released outside of the window
    if (inList(event)) moved = Date.now();
  });

  for (const kind of ["request", "alarm", "looking", "hello"]) document.addEventListener(`huying:${kind}`, soon);
  window.setInterval(soon, REFRESH_EVERY_MS);

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (pointerBusy()) {
      (event as CustomEvent<{ shouldSwap: boolean }>).detail.shouldSwap = false;
      return soon();
    }
    was = place();
    before = numbers("#live .line");
  });
  document.addEventListener("htmx:afterSettle", () => {
    putBack(was);
    const fresh = [...numbers("#live .line")].filter((n) => !before.has(n));
    const urgent = [...numbers("#live .line.emergency")].filter((n) => !before.has(n));
    const listen = [...numbers("#live .line.listen")].filter((n) => !before.has(n));
    if (listen.length) document.dispatchEvent(new Event("huying:listen"));
    if (urgent.length) tell(say("queue_emergency", { number: urgent.join(", ") }));
    else if (listen.length) tell(say("queue_listen", { number: listen.join(", ") }));
    else if (fresh.length) tell(say("queue_new", { count: fresh.length }));
  });

  const form = document.getElementById("filters") as HTMLFormElement;
  form.addEventListener("change", (event) => {
    if (event.target instanceof HTMLSelectElement) form.requestSubmit();
  });
  form.addEventListener("formdata", (event) => {
    // Empty filters are left out of the address.
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });

  const go = (id: string) => () => document.getElementById(id)?.click();
  registerKeys(say("queue_keys"), [
    { key: "j", label: say("queue_key_next"), act: () => move(1), repeats: true },
    { key: "ArrowDown", label: say("queue_key_next"), act: () => move(1), repeats: true },
    { key: "k", label: say("queue_key_back"), act: () => move(-1), repeats: true },
    { key: "ArrowUp", label: say("queue_key_back"), act: () => move(-1), repeats: true },
    { key: "/", label: say("queue_key_search"), act: () => form.querySelector<HTMLInputElement>('[name="q"]')?.select() },
    { key: "PageDown", label: say("queue_key_page"), act: go("following"), when: () => !!document.getElementById("following") && window.innerHeight + window.scrollY >= document.body.scrollHeight - 2 },
  ]);
}
