// Evidence: the words of the transcript that the field with the focus rests on.

import type { Player } from "../player";
import { say, tell } from "../words";

/** Mark them as the focus moves; the returned function plays them. */
export function showEvidence(place: HTMLElement, words: HTMLElement[], heard: Player | null): () => void {
  const span = (row: HTMLElement): [number, number] | null =>
    row.dataset["from"] ? [Number(row.dataset["from"]), Number(row.dataset["to"])] : null;
  const inside = (part: HTMLElement, [from, to]: [number, number]): boolean =>
    Number(part.dataset["from"]) < to && Number(part.dataset["to"]) > from;
  function show(row: HTMLElement | null): void {
    const evidence = row ? span(row) : null;
    for (const part of document.querySelectorAll<HTMLElement>("#said [data-from]"))
      part.classList.toggle("evidence", evidence !== null && inside(part, evidence));
  }
  const fieldRow = (target: EventTarget | null): HTMLElement | null =>
    target instanceof Element ? target.closest<HTMLElement>(".field") : null;
  place.addEventListener("focusin", (event) => {
    const row = fieldRow(event.target);
    if (row) show(row);
  });
  place.addEventListener("mouseover", (event) => {
    const row = fieldRow(event.target);
    if (row && !fieldRow(document.activeElement)) show(row);
  });
  let last: HTMLElement | null = null;
  place.addEventListener("focusin", (event) => (last = fieldRow(event.target) ?? last));

  return () => {
    const row = fieldRow(document.activeElement) ?? last;
    const evidence = row ? span(row) : null;
    const said = evidence
      ? words.filter((word) => [...word.querySelectorAll<HTMLElement>("[data-from]")].some((p) => inside(p, evidence)))
      : [];
    const [first, end] = [said[0], said.at(-1)];
    if (!first || !end) return tell(say("no_evidence"));
    heard?.playFrom(Number(first.dataset["at"]) - 0.15, Number(end.dataset["until"]) + 0.15);
  };
}
