// The station's board on a volunteer's phone: accept an order, with name and time, and report it
// done, with big buttons. Offline it says so, and nothing typed is lost.

import "./station.css";

import { attemptOnline } from "./action_buttons";
import { refresh } from "./refresh";
import { write } from "./net";

const station = document.getElementById("station");
if (station) {
  const offline = document.getElementById("offline") as HTMLElement;
  const look = (): void => {
    offline.hidden = navigator.onLine;
  };
  look();
  window.addEventListener("offline", look);
  window.addEventListener("online", () => {
    look();
    void refresh();
  });
  document.querySelector("#near select")?.addEventListener("change", (event) =>
    (event.target as HTMLSelectElement).form?.requestSubmit(),
  );
  station.addEventListener("change", (event) => {
    const chosen = event.target as HTMLInputElement;
    if (chosen.name !== "time") return;
    const exact = chosen.form?.querySelector<HTMLElement>(".exact");
    const input = exact?.querySelector("input");
    if (!exact || !input) return;
    exact.hidden = chosen.value !== "other";
    input.required = !exact.hidden;
  });
  station.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (!form.dataset["order"]) return;
    event.preventDefault();
    const given = new FormData(form);
    const name = String(given.get("name")).trim();
    const time = String(given.get("time") ?? "");
    const exact = `${String(given.get("exact"))}:00${station.dataset["offset"]}`;
    const button = form.querySelector("button") as HTMLButtonElement;
    button.disabled = true;
    void attemptOnline(() =>
      write(
        "POST",
        `/api/station/orders/${form.dataset["order"]}/accept`,
        { name, comes_at: time === "other" ? exact : time || null },
        Number(form.dataset["version"]),
      ),
    ).then(async (worked) => {
      button.disabled = false;
      if (worked) {
        document.cookie = `station_name=${encodeURIComponent(name)}; path=/desk/station; max-age=31536000; samesite=lax`;
        document.getElementById("main")?.focus();
      } else if (navigator.onLine) form.closest("details")?.removeAttribute("open"); // somebody else has changed the order
      await refresh();
    });
  });
}
