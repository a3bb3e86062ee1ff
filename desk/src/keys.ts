// Keyboard shortcuts of the desk: every page registers its own, and "?" lists them.

import { say } from "./words";

export interface Key {
  /** "c", "Space", "ArrowLeft", "F2", "Shift+2", "Ctrl+Enter" (on a Mac ⌘ counts as Ctrl). */
  key: string;
  label: string;
  act: () => void;
  /** Works while typing in a field, too. */
  typing?: boolean;
  /** Acts repeatedly while it is held down; other keys act once a press. */
  repeats?: boolean;
  when?: () => boolean;
}

interface Scope {
  title: string;
  list: Key[];
}

const scopes: Scope[] = [];
const STORED = "huying-desk-keys";
const SHOWN: Record<string, string> = { Space: "␣", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Enter: "↵" };

/** Register the keys of a page (or a part of it) under a title of the help sheet. */
export function registerKeys(title: string, list: Key[]): void {
  scopes.push({ title, list });
}

/** Whether single letters act; people who dictate can switch them off (WCAG 2.1.4). */
export function singleKeysAct(): boolean {
  return localStorage.getItem(STORED) !== "off";
}

export function isTyping(target: EventTarget | null): boolean {
  // A dialog that was just closed keeps the focus for a moment.
  if (!(target instanceof HTMLElement) || target.closest("dialog:not([open])")) return false;
  if (target instanceof HTMLInputElement) return !["button", "checkbox", "radio", "submit"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** The key's character, without the effect of Caps Lock and of full-width input. */
function character(event: KeyboardEvent): string {
  if (event.key.length > 1) return event.key;
  const plain = event.key.normalize("NFKC");
  if (plain === " ") return "Space";
  return event.shiftKey ? plain.toUpperCase() : plain.toLowerCase();
}

/** The name of a key stroke, as in `Key.key`. */
export function keyName(event: KeyboardEvent): string {
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1];
  const name = character(event);
  const control = event.ctrlKey || event.metaKey;
  if (digit && event.shiftKey && !control) return `Shift+${digit}`;
  if (control) return `Ctrl+${name.length === 1 ? name.toLowerCase() : name}`;
  return event.altKey ? `Alt+${name}` : name;
}

let held = ""; // the code of the key that acted last, while it is held down

// A held key acts once, and its repetitions don't type into the field that it opened.
document.addEventListener(
  "keydown",
  (event) => {
    if (!event.repeat) held = "";
    else if (held && event.code === held) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  },
  true,
);

document.addEventListener("keydown", (event) => {
  // Safari shows only by code 229 that an input method used the key.
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const name = keyName(event);
  const typing = isTyping(event.target);
  const bare = !name.startsWith("Ctrl+") && !/^F\d/.test(name);
  if (bare && !singleKeysAct()) return;
  // Space and Enter press the button that has the focus.
  const presses = (name === "Space" || name === "Enter") && (event.target as HTMLElement).closest("button, a, summary");
  for (const scope of [...scopes].reverse()) {
    const found = scope.list.find((k) => k.key === name && (!k.when || k.when()));
    if (!found || (typing && !found.typing) || (presses && !typing)) continue;
    event.preventDefault();
    if (found.repeats) return found.act();
    // Held since the previous page: not meant for this one.
    if (event.repeat) return;
    held = event.code;
    return found.act();
  }
});

function sheet(): HTMLDialogElement {
  const known = document.querySelector<HTMLDialogElement>("#keys");
  const dialog = known ?? document.createElement("dialog");
  dialog.id = "keys";
  dialog.className = "ask keys";
  dialog.setAttribute("aria-labelledby", "keys-title");
  dialog.replaceChildren();
  const title = document.createElement("h2");
  title.id = "keys-title";
  title.textContent = say("keys.title");
  dialog.append(title);
  for (const scope of scopes) {
    const now = scope.list.filter((one) => !one.when || one.when());
    if (!now.length) continue;
    const heading = document.createElement("h3");
    heading.textContent = scope.title;
    const list = document.createElement("dl");
    for (const one of now) {
      const term = document.createElement("dt");
      for (const part of one.key.split("+")) {
        const cap = document.createElement("kbd");
        cap.textContent = SHOWN[part] ?? (part === "Shift" ? "⇧" : part);
        term.append(cap);
      }
      const meaning = document.createElement("dd");
      meaning.textContent = one.label;
      const row = document.createElement("div");
      row.append(term, meaning);
      list.append(row);
    }
    dialog.append(heading, list);
  }
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = singleKeysAct();
  box.addEventListener("change", () => localStorage.setItem(STORED, box.checked ? "on" : "off"));
  label.append(box, ` ${say("keys.single")}`);
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = say("keys.close");
  close.addEventListener("click", () => dialog.close());
  dialog.append(label, close);
  if (!known) {
    document.body.append(dialog);
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "?") return;
      event.stopPropagation();
      dialog.close();
    });
  }
  return dialog;
}

/** Open the help sheet; "?" or Esc closes it. */
export function openHelp(): void {
  const dialog = sheet();
  dialog.showModal();
  dialog.querySelector<HTMLElement>("button")?.focus();
}

document.getElementById("help")?.addEventListener("click", openHelp);

registerKeys(say("keys.everywhere"), [
  { key: "?", label: say("keys.help"), act: openHelp },
  { key: "q", label: say("keys.queue"), act: () => location.assign("/desk"), when: () => document.querySelector("header.top") !== null },
]);
