// Homes: made and changed in one form, their links made, shown and ended.

import "./demand.css";

import { attempt, write } from "./net";

document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  const id = form.dataset["household"];
  if (id === undefined) return;
  event.preventDefault();
  const given = new FormData(form);
  const details = Object.fromEntries([...given].map(([name, value]) => [name, String(value).trim() || null]));
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
