// Show and hide parts of the page and set their text. Text from outside (names, transcripts) is set
// as text, never as markup.

import { element } from "./words";

export function show(id: string, visible = true): void {
  element(id).hidden = !visible;
}

export function write(id: string, text: string): void {
  // A screen reader would repeat text that is set again.
  if (element(id).textContent !== text) element(id).textContent = text;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  text: string,
  className = "",
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** Move the focus, and with it a screen reader, to an element and scroll to it. */
export function focusOn(id: string): void {
  element(id).focus();
  scrollAboveFooter(element(id));
}

/** Scroll an element up when the footer, which is always visible, covers a part of it. */
export function scrollAboveFooter(part: HTMLElement): void {
  const footer = (document.querySelector("footer") as HTMLElement).getBoundingClientRect();
  const box = part.getBoundingClientRect();
  if (box.bottom > footer.top) part.scrollIntoView(true);
}

const SIZES = 4;
const SIZE = "size";

/** Set up the two buttons that make all text larger and smaller; the phone stores the size. */
export function offerTextSizes(): void {
  const root = document.documentElement;
  const set = (size: number) => {
    const bounded = Math.min(SIZES - 1, Math.max(0, size));
    root.setAttribute("data-size", String(bounded));
    (element("smaller") as HTMLButtonElement).disabled = bounded === 0;
    (element("larger") as HTMLButtonElement).disabled = bounded === SIZES - 1;
    remember(SIZE, String(bounded));
  };
  const now = () => Number(root.getAttribute("data-size"));
  const kept = recall(SIZE);
  set(kept === null ? now() : Number(kept) || 0);
  element("smaller").onclick = () => set(now() - 1);
  element("larger").onclick = () => set(now() + 1);
}

/** A stored value; null without one, and where localStorage is forbidden. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch (_) {
    return null;
  }
}

export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch (_) {
    // localStorage is forbidden: the value is not stored.
  }
}
