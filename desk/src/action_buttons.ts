// Buttons that POST something: `data-act` is the address, `data-body` the JSON, `data-version` the
// version that the operator saw, `data-ask` a question whose answer is sent as `why`, `data-sure` a
// question to confirm, `data-then` the page to open afterwards (empty: reload; without it the page
// stays), unless the answer names another one in `then`.

import { refresh } from "./refresh";
import { Refused, attempt, write } from "./net";
import { say, tell } from "./words";

/** As `attempt`; when the server could not be reached, say that the network is down. */
export async function attemptOnline(work: () => Promise<unknown>): Promise<boolean> {
  let away = false;
  const worked = await attempt(() =>
    work().catch((error: unknown) => {
      away = !(error instanceof Refused);
      throw error;
    }),
  );
  if (away) tell(say("offline"), true);
  return worked;
}

document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLButtonElement>("button[data-act]");
  if (!button || button.disabled) return;
  event.preventDefault();
  if (button.dataset["sure"] && !window.confirm(button.dataset["sure"])) return;
  const body = JSON.parse(button.dataset["body"] ?? "{}") as Record<string, unknown>;
  if (button.dataset["ask"]) {
    const why = window.prompt(button.dataset["ask"])?.trim();
    if (!why) return;
    body["why"] = why;
  }
  const version = button.dataset["version"];
  const row = button.closest<HTMLElement>("[data-key]");
  const following = row?.nextElementSibling?.querySelector<HTMLElement>("a, button");
  button.disabled = true;
  let told: unknown;
  void attemptOnline(async () => {
    const answer = await write("POST", button.dataset["act"] as string, body, version ? Number(version) : undefined);
    told = answer["then"];
  }).then(async (worked) => {
    button.disabled = false;
    const then = typeof told === "string" ? told : button.dataset["then"];
    if (worked && then !== undefined) return then ? location.assign(then) : location.reload();
    if (worked) (following ?? document.getElementById("main"))?.focus();
    await refresh();
  });
});
