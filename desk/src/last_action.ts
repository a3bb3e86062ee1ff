// The action that was just done, shown on the next page with a button to undo it.

import { registerKeys } from "./keys";
import { Refused, why, write } from "./net";
import { say, tell } from "./words";

export interface Undo {
  number: string;
  action: "reopen" | "resume";
  /** The statuses in which it can be undone; `names`: status → its name for people. */
  status: string[];
  names: Record<string, string>;
}

export interface LastAction {
  text: string;
  undo?: Undo | undefined;
}

const STORED = "huying-desk-done";
const SHOWN_MS = 10 * 60_000; // on the worklist; a request's page shows it until the next action

/** Store it for the next page of this tab. */
export function rememberAction(done: LastAction): void {
  sessionStorage.setItem(STORED, JSON.stringify({ ...done, at: Date.now() }));
}

export function lastAction(): (LastAction & { at: number }) | null {
  return JSON.parse(sessionStorage.getItem(STORED) ?? "null") as (LastAction & { at: number }) | null;
}

let busy = false;

/** Undo the last action and open its request; an error is shown. */
export async function undo(): Promise<void> {
  const last = lastAction()?.undo;
  if (!last || busy) return;
  busy = true;
  const there = `/api/requests/${last.number}`;
  try {
    const answer = await fetch(there, { credentials: "same-origin", headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const now = (await answer.json()) as { status: string; version: number };
    if (last.action === "reopen" && !last.status.includes(now.status)) {
      sessionStorage.removeItem(STORED);
      return tell(say("too_late", { status: last.names[now.status] ?? now.status }), true);
    }
    const resumes = last.action === "resume";
    await write("POST", `${there}/${resumes ? "hold" : "reopen"}`, resumes ? { until: null } : {}, now.version);
    rememberAction({ text: say("undone", { number: last.number }) });
    location.assign(`/desk/requests/${last.number}`);
  } catch (error) {
    tell(error instanceof Refused ? say("not_saved", { why: why(error) }) : say("offline"), true);
  } finally {
    busy = false;
  }
}

function show(bar: HTMLElement, done: LastAction): void {
  bar.textContent = done.text;
  bar.hidden = false;
  if (!done.undo) return sessionStorage.removeItem(STORED);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.textContent = say("undo");
  button.addEventListener("click", () => void undo());
  const cap = document.createElement("kbd");
  cap.textContent = "u";
  button.append(" ", cap);
  bar.append(" ", button);
}

const last = lastAction();
const bar = document.getElementById("done");
const fresh = bar?.dataset["shows"] !== "briefly" || Date.now() - (last?.at ?? 0) < SHOWN_MS;
if (bar && last && fresh) show(bar, last);
if (bar) registerKeys(say("keys.last"), [{ key: "u", label: say("undo"), act: () => void undo(), when: () => lastAction()?.undo !== undefined && !bar.hidden }]);
