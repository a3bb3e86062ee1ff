// "X is looking at this": said for as long as a request's page is open, shown to the others.

import { write } from "./net";

const REPEAT_MS = 15_000;

interface Presence {
  looking: string[];
  others: string[];
}

/**
 * Say that this request is looked at, until the page is left. `shown` gets the others' names, at
 * once and whenever somebody comes or goes. Returns what ends it.
 */
export function announcePresence(number: string, shown: (others: string[]) => void = () => undefined): () => void {
  const url = `/api/requests/${encodeURIComponent(number)}/looking`;
  let last = "";
  const tell = (there: Presence): void => {
    const now = there.others.join("\n");
    if (now === last) return;
    last = now;
    shown(there.others);
  };
  const look = (): void => {
    // What can't be said now is said again soon.
    write<Presence & Record<string, unknown>>("POST", url, {}).then(tell, () => undefined);
  };
  const seen = (event: Event): void => {
    if ((event as CustomEvent<{ number?: string }>).detail.number === number) {
      void fetch(url, { credentials: "same-origin" })
        .then(async (answer) => answer.ok && tell((await answer.json()) as Presence))
        .catch(() => undefined);
    }
  };
  const leave = (): void => {
    const csrf = document.querySelector<HTMLMetaElement>('meta[name="csrf"]')?.content ?? "";
    void fetch(url, {
      method: "POST",
      keepalive: true, // the page is gone before the answer comes
      credentials: "same-origin",
      headers: { "X-CSRF-Token": csrf, "Content-Type": "application/json" },
      body: JSON.stringify({ leaving: true }),
    }).catch(() => undefined);
  };
  const timer = window.setInterval(look, REPEAT_MS);
  const end = (): void => {
    window.clearInterval(timer);
    document.removeEventListener("huying:looking", seen);
    window.removeEventListener("pagehide", end);
    leave();
  };
  document.addEventListener("huying:looking", seen);
  window.addEventListener("pagehide", end);
  // Shown again from the browser's memory of pages, it is looked at again.
  window.addEventListener("pageshow", (event) => event.persisted && announcePresence(number, shown), { once: true });
  look();
  return end;
}
