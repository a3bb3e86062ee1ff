// "X is looking at this": announced while a request's page is open, shown to other operators.

import { write } from "./net";

const REPEAT_MS = 15_000;

interface Presence {
  looking: string[];
  others: string[];
}

/**
 * Announce that this operator looks at a request, until the page is left. `shown` gets the other
 * operators' names, at once and at every change. The returned function ends it.
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
    // A failed announcement is repeated after REPEAT_MS.
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
      keepalive: true, // the request outlives the page
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
  // The page may be shown again from the browser's back/forward cache.
  window.addEventListener("pageshow", (event) => event.persisted && announcePresence(number, shown), { once: true });
  look();
  return end;
}
