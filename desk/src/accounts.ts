// Forms that send JSON: `data-write="METHOD /api/…"` on a form sends its fields, then opens
// `data-then` or reloads the page. A starting password is shown until the operator dismisses it.

import "./accounts.css";
import { attempt, write } from "./net";
import { say, tell } from "./words";

interface Answer {
  name?: string;
  starting_password?: string;
}

function fields(form: HTMLFormElement): Record<string, string | boolean> {
  const found: Record<string, string | boolean> = {};
  for (const [name, value] of new FormData(form)) {
    if (name === "again") continue;
    found[name] = value === "true" ? true : value === "false" ? false : String(value);
  }
  return found;
}

function same(form: HTMLFormElement): boolean {
  const again = form.elements.namedItem("again");
  const password = form.elements.namedItem("password");
  if (!(again instanceof HTMLInputElement) || !(password instanceof HTMLInputElement)) return true;
  if (again.value === password.value) return true;
  tell(say("password_differs"), true);
  again.focus();
  return false;
}

function show(answer: Answer): boolean {
  const place = document.getElementById("starting");
  const name = document.getElementById("starting-name");
  const password = document.getElementById("starting-password");
  if (!answer.starting_password || !place || !name || !password) return false;
  name.textContent = answer.name ?? "";
  password.textContent = answer.starting_password;
  place.hidden = false;
  place.focus();
  return true;
}

document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  const [method, url] = (form.dataset["write"] ?? "").split(" ");
  if (!method || !url) return;
  event.preventDefault();
  const question = form.dataset["confirm"];
  if (!same(form) || (question && !window.confirm(question))) return;
  const buttons = [...form.querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  void attempt(async () => {
    const answer = await write<Answer>(method, url, fields(form));
    if (show(answer)) form.reset();
    else if (form.dataset["then"]) location.assign(form.dataset["then"]);
    else location.reload();
  }).finally(() => {
    for (const button of buttons) button.disabled = false;
  });
});

document.getElementById("starting-noted")?.addEventListener("click", () => location.reload());
