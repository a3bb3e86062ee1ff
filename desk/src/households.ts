// Households: the form that creates and changes one, its link, and erasing it.

import "./demand.css";

import { attempt, write } from "./net";
import { say } from "./words";

function touched(control: Element | RadioNodeList | null): boolean {
  if (control instanceof HTMLInputElement) return control.value !== control.defaultValue;
  if (control instanceof HTMLSelectElement)
    return control.selectedOptions[0] !== ([...control.options].find((one) => one.defaultSelected) ?? control.options[0]);
  return true;
}

document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  const id = form.dataset["household"];
  if (id === undefined) return;
  event.preventDefault();
  const given = new FormData(form);
  // Untouched fields are left out: a colleague may have changed them since.
  const meant = [...given].filter(([name]) => !id || touched(form.elements.namedItem(name)));
  const details = Object.fromEntries(meant.map(([name, value]) => [name, String(value).trim() || null]));
  void attempt(async () => {
    const [method, url] = id ? ["PATCH", `/api/households/${id}`] : ["POST", "/api/households"];
    const saved = await write<{ id: number }>(method as string, url as string, details);
    location.assign(`/desk/households/${saved.id}`);
  });
});

const link = document.getElementById("link");
link?.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLButtonElement>("button[data-link]");
  if (!button) return;
  const sure = button.dataset["sure"];
  if (sure && !window.confirm(sure)) return;
  const address = `/api/households/${link.dataset["id"]}/link`;
  void attempt(async () => {
    if (button.dataset["link"] === "end") {
      await write("DELETE", address);
      location.reload();
      return;
    }
    const made = await write<{ url: string }>("POST", address, { revoke: button.dataset["link"] === "renew" });
    const place = document.getElementById("url") as HTMLElement;
    const input = place.querySelector("input") as HTMLInputElement;
    place.hidden = false;
    input.value = made.url;
    input.focus();
    input.select();
  });
});

const erase = document.getElementById("erase");
erase?.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  event.preventDefault();
  if (!window.confirm(form.dataset["sure"])) return;
  const given = new FormData(form);
  const body = {
    why: given.get("why"),
    force: given.has("force"),
    requests: Number(erase.dataset["requests"]),
  };
  void attempt(async () => {
    await write("POST", `/api/households/${erase.dataset["id"]}/erase`, body);
    location.reload();
  });
});

/** Show the progress every second, until the household is erased or erasing has stopped. */
async function follow(place: HTMLElement): Promise<void> {
  const total = Number(place.dataset["total"]);
  const answer = await fetch(`/api/households/${place.dataset["id"]}/erasure`, { credentials: "same-origin" }).catch(
    () => null,
  );
  if (answer?.status === 404) return location.assign("/desk/households?gone=true");
  if (answer?.ok) {
    const found = (await answer.json()) as { requests: number; erasing: { stopped: string | null } | null };
    if (!found.erasing || found.erasing.stopped) return location.reload();
    (place.querySelector("progress") as HTMLProgressElement).value = Math.max(0, total - found.requests);
    const left = document.getElementById("left") as HTMLElement;
    const told = say("households_left", { count: found.requests, total });
    if (left.textContent !== told) left.textContent = told;
  }
  window.setTimeout(() => void follow(place), 1000);
}
if (erase?.dataset["total"] !== undefined) void follow(erase);
