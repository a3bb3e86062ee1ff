// What stands on the screen: parts shown and hidden, words put in. Words of others (names, what a
// recogniser heard) only ever become text, never markup.

import { element } from "./words";

export function show(id: string, visible = true): void {
  element(id).hidden = !visible;
}

export function write(id: string, text: string): void {
  // The same words again would make a screen reader say them again.
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

/** Where a person goes on reading or a screen reader goes on speaking. */
export function focusOn(id: string): void {
  element(id).focus();
  scrollAboveFooter(element(id));
}

/** Scroll something into sight when the footer, which always stays, hides a part of it. */
export function scrollAboveFooter(part: HTMLElement): void {
  const footer = (document.querySelector("footer") as HTMLElement).getBoundingClientRect();
  const box = part.getBoundingClientRect();
  if (box.bottom > footer.top) part.scrollIntoView(true);
}

const SIZES = 4;
const SIZE = "size";

/** The two buttons that make all text larger and smaller; the phone remembers. */
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

/** localStorage may be forbidden; then nothing is remembered and nothing breaks. */
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
    // Nothing breaks.
  }
}
