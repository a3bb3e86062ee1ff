// What the settings' forms share.

import { why } from "./net";

/** Write, then show the page anew; what goes wrong is told beside what was done. */
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

/** The list of a text in commas (Chinese ones too), without empty parts. */
export function splitList(text: string, mark: RegExp): string[] {
  return text.split(mark).map((part) => part.trim()).filter(Boolean);
}
