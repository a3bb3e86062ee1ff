// The service worker: the page opens without a network, and recordings go when it comes back, even
// when nobody has the page open (where the browser knows background sync).

import { deliver, settle } from "./deliver";
import { Tape } from "./tape";

interface SyncEvent extends ExtendableEvent {
  readonly tag: string;
  readonly lastChance: boolean;
}

declare const self: ServiceWorkerGlobalScope;

const CACHE = "page-1";
const LOOKS = 8; // at what an open page has not sent yet
const BETWEEN = 3_000; // ms
const SLOW = 4_000; // ms until the copy is shown in place of a page that does not come

self.addEventListener("install", () => {
  self.skipWaiting();
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** The page tells what it is made of; older versions' files go. */
self.addEventListener("message", (event) => {
  const urls = event.data && (event.data.keep as string[] | undefined);
  if (urls) event.waitUntil(keep(urls));
});

async function keep(urls: string[]): Promise<void> {
  const cache = await caches.open(CACHE);
  await Promise.all(
    urls.map(async (url) => {
      if (isAsset(url) && (await cache.match(url))) return;
      const answer = await fetch(url, { credentials: "same-origin" });
      if (answer.ok) await cache.put(url, answer);
    }),
  );
  for (const old of await cache.keys()) {
    const path = new URL(old.url).pathname;
    if (/^\/page\/[^/]+\.(js|css)$/.test(path) && urls.indexOf(path) < 0) await cache.delete(old);
  }
}

const isAsset = (path: string): boolean => path.indexOf("/page/") === 0;
const isPage = (path: string): boolean => path === "/" || path.indexOf("/h/") === 0;

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate" && isPage(url.pathname)) {
    event.respondWith(page(event.request, url.pathname));
  } else if (isAsset(url.pathname) && !event.request.headers.has("range")) {
    event.respondWith(asset(event.request));
  }
});

async function page(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  const copy = (await cache.match(path)) || (await cache.match("/"));
  const fresh = fetch(request).then(async (answer) => {
    if (answer.ok) await cache.put(path, answer.clone());
    return answer;
  });
  if (!copy) return fresh;
  const late = new Promise<Response>((go) => setTimeout(() => go(copy), SLOW));
  return Promise.race([fresh.then((a) => (a.status >= 500 ? copy : a)), late]).then(
    undefined,
    () => copy,
  );
}

async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const copy = await cache.match(request.url);
  // Built files never change under their name; prompts may, and are fresh the next time.
  if (copy && request.url.indexOf("/page/prompts/") < 0) return copy;
  const fresh = fetch(request).then(async (answer) => {
    if (answer.status === 200) await cache.put(request.url, answer.clone());
    return answer;
  });
  if (!copy) return fresh;
  fresh.then(undefined, () => undefined);
  return copy;
}

self.addEventListener("sync" as never, ((event: SyncEvent) => {
  if (event.tag === "send") event.waitUntil(sendLeft());
}) as never);

/** Send what lies on the phone, unless an open page does it and shows it. */
async function sendLeft(): Promise<void> {
  for (let looked = 0; looked < LOOKS; looked++) {
    const tapes = await Tape.left();
    const open = await self.clients.matchAll({ type: "window" });
    if (!open.length) {
      for (const tape of tapes) await settle(tape, await deliver(tape, false));
      return;
    }
    if (!tapes.length) return;
    for (const client of open) client.postMessage("hurry");
    await new Promise((go) => setTimeout(go, BETWEEN));
  }
  throw new Error("not yet"); // the browser asks again later
}
