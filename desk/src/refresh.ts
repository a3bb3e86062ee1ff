// Updates parts of a page marked `data-refresh="conversation task"` from the server: at every event
// of these kinds, and every 30 s in case an event was lost. Rows with a `data-key` are replaced one by
// one, except a row that plays a recording or that the operator works in.

const REPEAT_AFTER_MS = 2_000;
const CHECK_EVERY_MS = 30_000;

let running = false;
let again = false;

/** Read this page from the server again and replace the parts that changed. */
export async function refresh(): Promise<void> {
  if (running) {
    again = true;
    return;
  }
  running = true;
  try {
    const answer = await fetch(location.href, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    const signIn = answer.headers.get("HX-Redirect");
    if (signIn) location.assign(signIn);
    if (!answer.ok) return;
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll<HTMLElement>("[data-refresh]")) {
      const fresh = found.getElementById(old.id);
      if (fresh) put(old, fresh);
    }
    document.dispatchEvent(new CustomEvent("desk:refreshed"));
  } catch {
    // Offline: the page stays as it is until the next event or interval.
  } finally {
    running = false;
    if (again) {
      again = false;
      window.setTimeout(refresh, REPEAT_AFTER_MS);
    }
  }
}

function put(old: HTMLElement, fresh: HTMLElement): void {
  if (old.innerHTML === fresh.innerHTML) return;
  const olds = rows(old);
  const news = rows(fresh);
  const list = olds[0]?.parentElement;
  if (!list || !news.length || news[0]?.parentElement?.tagName !== list.tagName) {
    if (held(old)) return;
    if (old !== document.activeElement && old.contains(document.activeElement)) document.getElementById("main")?.focus();
    old.innerHTML = fresh.innerHTML;
    return;
  }
  const known = new Map(olds.map((row) => [row.dataset["key"], row]));
  const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 40;
  news.forEach((row, place) => {
    let own = known.get(row.dataset["key"]);
    known.delete(row.dataset["key"]);
    if (!own) own = document.importNode(row, true);
    else if (own.outerHTML !== row.outerHTML && !busy(own)) {
      const next = document.importNode(row, true);
      own.replaceWith(next);
      own = next;
    }
    if (list.children[place] !== own) list.insertBefore(own, list.children[place] ?? null);
  });
  for (const gone of known.values()) remove(gone);
  for (const head of fresh.querySelectorAll<HTMLElement>("[data-part]")) {
    const own = old.querySelector<HTMLElement>(`[data-part="${head.dataset["part"]}"]`);
    if (own && own.innerHTML !== head.innerHTML) own.innerHTML = head.innerHTML;
  }
  if (atEnd) old.scrollTop = old.scrollHeight;
}

function rows(part: HTMLElement): HTMLElement[] {
  return [...part.querySelectorAll<HTMLElement>("[data-key]")];
}

/** Whether the operator plays, types or chooses something in this part. */
function busy(part: HTMLElement): boolean {
  return held(part) || part.querySelector("details[open]") !== null || part.contains(document.activeElement);
}

/** Whether replacing this part would lose something: a playing recording, unsent text. */
function held(part: HTMLElement): boolean {
  const writes = document.activeElement?.matches("input, textarea, select") && part.contains(document.activeElement);
  return writes || [...part.querySelectorAll("audio")].some((sound) => !sound.paused);
}

function remove(part: HTMLElement): void {
  if (held(part)) return;
  if (part.contains(document.activeElement)) document.getElementById("main")?.focus();
  part.remove();
}

const parts = [...document.querySelectorAll<HTMLElement>("[data-refresh]")];
if (parts.length) {
  const kinds = new Set(["hello", ...parts.flatMap((part) => (part.dataset["refresh"] ?? "").split(" "))]);
  let due = 0;
  const soon = (): void => {
    if (due) return;
    due = window.setTimeout(() => {
      due = 0;
      void refresh();
    }, 150);
  };
  for (const kind of kinds) document.addEventListener(`huying:${kind}`, soon);
  window.setInterval(() => document.visibilityState === "visible" && soon(), CHECK_EVERY_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && soon());
}
