// A request's page: play it, correct it, decide, go to the next; all of it by keyboard.

import "./request.css";

import { Fields, type RequestState } from "./fields";
import { createPlayer } from "./player";
import { announcePresence } from "./presence";
import { requestActions } from "./request/actions";
import { attachSplitCategories } from "./request/dialogs";
import { showEvidence } from "./request/evidence";
import { registerDecisionKeys, registerFieldKeys, registerPlayerKeys } from "./request/keys";
import { RoutingPreview } from "./request/routing_preview";
import { RequestWriter } from "./request/writer";
import { say } from "./words";

const page = document.getElementById("request");
if (page) start(page);

function start(place: HTMLElement): void {
  const state = JSON.parse(document.getElementById("request-state")?.textContent ?? "{}") as RequestState;
  const words = [...place.querySelectorAll<HTMLElement>(".word")];
  const sound = document.getElementById("player");
  const heard = sound ? createPlayer(sound, words) : null;

  const fields: Fields = new Fields(document.getElementById("fields") as HTMLElement, state, () => {
    showUnsaved();
    preview.soon();
  });
  const preview = new RoutingPreview(state.number, fields);
  const writer = new RequestWriter(place, state, fields);
  fields.restore();
  showUnsaved();
  if (fields.dirty) void preview.look().catch(() => undefined);

  function showUnsaved(): void {
    const tag = document.getElementById("unsaved");
    if (!tag) return;
    tag.hidden = !fields.dirty;
    tag.textContent = say("unsaved", { n: fields.names.length });
  }

  announcePresence(state.number, (others) => {
    const lookers = document.getElementById("lookers");
    if (!lookers) return;
    lookers.hidden = !others.length;
    lookers.textContent = others.length ? say("looking", { who: others.join(say("comma")) }) : "";
  });

  const playEvidence = showEvidence(place, words, heard);
  attachSplitCategories(fields);

  // Shown again from the browser's back/forward cache, the page must be read anew.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  for (const kind of ["huying:request", "huying:hello"])
    document.addEventListener(kind, (event) => void writer.showNews(event).catch(() => undefined));

  const acts = requestActions(writer, preview);
  place.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-do]");
    if (button) acts[button.dataset["do"] as string]?.();
  });

  registerDecisionKeys(writer, acts);
  registerFieldKeys(writer, acts, playEvidence, heard !== null);
  if (heard) registerPlayerKeys(writer, heard, words);
}
