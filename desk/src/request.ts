// One request: hear it, correct it, decide, and go on to the next; all of it by keys.

import "./request.css";

import { Fields, type State } from "./fields";
import { player } from "./player";
import { lookAt } from "./presence";
import { deeds } from "./request/deeds";
import { offerKinds } from "./request/dialogs";
import { evidence } from "./request/evidence";
import { decidingKeys, fieldKeys, listeningKeys } from "./request/keys";
import { Outlook } from "./request/outlook";
import { Writing } from "./request/writing";
import { say } from "./words";

const page = document.getElementById("request");
if (page) start(page);

function start(place: HTMLElement): void {
  const state = JSON.parse(document.getElementById("request-state")?.textContent ?? "{}") as State;
  const words = [...place.querySelectorAll<HTMLElement>(".word")];
  const sound = document.getElementById("player");
  const heard = sound ? player(sound, words) : null;

  const fields: Fields = new Fields(document.getElementById("fields") as HTMLElement, state, () => {
    showUnsaved();
    outlook.soon();
  });
  const outlook = new Outlook(state.number, fields);
  const writing = new Writing(place, state, fields);
  fields.restore();
  showUnsaved();
  if (fields.dirty) void outlook.look().catch(() => undefined);

  function showUnsaved(): void {
    const tag = document.getElementById("unsaved");
    if (!tag) return;
    tag.hidden = !fields.dirty;
    tag.textContent = say("unsaved", { n: fields.names.length });
  }

  lookAt(state.number, (others) => {
    const lookers = document.getElementById("lookers");
    if (!lookers) return;
    lookers.hidden = !others.length;
    lookers.textContent = others.length ? say("looking", { who: others.join(say("comma")) }) : "";
  });

  const playEvidence = evidence(place, words, heard);
  offerKinds(fields);

  // Shown again from the browser's memory of pages, it works again.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  for (const kind of ["huying:request", "huying:hello"])
    document.addEventListener(kind, (event) => void writing.news(event).catch(() => undefined));

  const acts = deeds(writing, outlook);
  place.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-do]");
    if (button) acts[button.dataset["do"] as string]?.();
  });

  decidingKeys(writing, acts);
  fieldKeys(writing, acts, playEvidence, heard !== null);
  if (heard) listeningKeys(writing, heard, words);
}
