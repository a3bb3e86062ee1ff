// Functions that the settings' forms share.

import { why } from "./net";

/** Do `work`; its error is shown in the `[data-why]` of `near`. */
export async function save(near: Element, work: () => Promise<unknown>): Promise<void> {
  const place = near.querySelector<HTMLElement>("[data-why]");
  if (place) place.textContent = "";
  near.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    if (place) place.textContent = why(error);
  } finally {
    near.removeAttribute("aria-busy");
  }
}

/** The parts of `text` between `mark`s, trimmed, without empty ones. */
export function splitList(text: string, mark: RegExp): string[] {
  return text.split(mark).map((part) => part.trim()).filter(Boolean);
}
