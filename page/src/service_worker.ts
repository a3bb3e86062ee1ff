// The service worker: opens the page without a network, and sends recordings when it is back, even
// if the page is closed (where the browser supports background sync).

import { sendAnswers } from "./answers";
import { uploadRecording, UploadRefused, finishUpload } from "./upload";
import { withUploadLock } from "./upload_lock";
import { StoredRecording } from "./recording_store";

interface SyncEvent extends ExtendableEvent {
  readonly tag: string;
  readonly lastChance: boolean;
}

declare const self: ServiceWorkerGlobalScope;

const CACHE = "page-1";
const MAX_CHECKS = 8; // for what an open page has not sent yet
const BETWEEN_MS = 3_000; // ms
const SLOW_MS = 4_000; // ms until the cached copy is shown instead of a page that is slow to arrive
const CLOSING_MS = 20_000; // ms that a page may take to close
const TRIES = 3; // to read the cache: on a busy phone it may fail for a moment
const BUILT = /\/page\/[\w.-]+\.(?:js|css)/g;

self.addEventListener("install", () => {
  self.skipWaiting();
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** A page that was loaded before the worker was installed asks to be cached. */
self.addEventListener("message", (event) => {
  const path = event.data && (event.data.keep as string | undefined);
  if (path) event.waitUntil(load(path).then((answer) => keep(path, answer)));
});

const load = (url: string): Promise<Response> => fetch(url, { credentials: "same-origin" });

/** Cache a page: its scripts and styles first, so that a cached page is always complete; then delete
 *  files that no cached page uses. */
async function keep(path: string, answer: Response): Promise<void> {
  if (!answer.ok) return;
  const cache = await caches.open(CACHE);
  for (const part of partsOf(await answer.clone().text())) {
    if (await cache.match(part)) continue;
    const loaded = await load(part);
    if (!loaded.ok) return;
    await cache.put(part, loaded);
  }
  await cache.put(path, answer);
  const kept = await cache.keys();
  const needed: { [path: string]: boolean } = {};
  for (const one of kept.filter((k) => isPage(pathOf(k)))) {
    const page = await cache.match(one);
    for (const part of partsOf(page ? await page.text() : "")) needed[part] = true;
  }
  for (const old of kept) {
    if (partsOf(pathOf(old)).length && !needed[pathOf(old)]) await cache.delete(old);
  }
}

const partsOf = (page: string): string[] => page.match(BUILT) || [];
const pathOf = (request: Request): string => new URL(request.url).pathname;
const isAsset = (path: string): boolean => path.indexOf("/page/") === 0;
const isPage = (path: string): boolean => path === "/" || path.indexOf("/h/") === 0;

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (event.request.mode === "navigate" && isPage(url.pathname)) {
    event.respondWith(page(event, url.pathname));
  } else if (isAsset(url.pathname) && !event.request.headers.has("range")) {
    event.respondWith(asset(event));
  }
});

/** The cached answer for a path, if there is one. Never rejects. */
async function copyOf(path: string): Promise<Response | undefined> {
  for (let tried = 0; tried < TRIES; tried++) {
    try {
      return await (await caches.open(CACHE)).match(path);
    } catch (_) {
      await new Promise((go) => setTimeout(go, 200));
    }
  }
  return undefined;
}

async function page(event: FetchEvent, path: string): Promise<Response> {
  const copy = (await copyOf(path)) || (await copyOf("/"));
  const fresh = fetch(event.request).then((answer) => {
    later(event, keep(path, answer.clone()));
    return answer;
  });
  if (!copy) return fresh;
  const late = new Promise<Response>((go) => setTimeout(() => go(copy), SLOW_MS));
  return Promise.race([fresh.then((a) => (a.status >= 500 ? copy : a)), late]).then(
    undefined,
    () => copy,
  );
}

async function asset(event: FetchEvent): Promise<Response> {
  const path = pathOf(event.request);
  const copy = await copyOf(path);
  // Built files never change under their name; prompts may, and are updated for the next time.
  if (copy && path.indexOf("/page/prompts/") < 0) return copy;
  const fresh = fetch(event.request).then((answer) => {
    const kept = answer.clone();
    if (answer.status === 200) later(event, caches.open(CACHE).then((c) => c.put(path, kept)));
    return answer;
  });
  if (!copy) return fresh;
  later(event, fresh);
  return copy;
}

/** Keep the event alive for `work`, which may fail. */
function later(event: ExtendableEvent, work: Promise<unknown>): void {
  const done = work.then(undefined, () => undefined);
  try {
    event.waitUntil(done);
  } catch (_) {
    // The event is over: `work` goes on for as long as the browser allows.
  }
}

self.addEventListener("sync" as never, ((event: SyncEvent) => {
  if (event.tag === "send") event.waitUntil(sendLeft());
}) as never);

/** Send what the phone has stored. An open page is asked to do so, since it shows the result. */
async function sendLeft(): Promise<void> {
  for (let looked = 0; looked < MAX_CHECKS; looked++) {
    const open = await self.clients.matchAll({ type: "window" });
    if (!open.length) return sendAll();
    if (!(await StoredRecording.unsent()).length) return sendAnswers();
    for (const client of open) client.postMessage("hurry");
    await new Promise((go) => setTimeout(go, BETWEEN_MS));
  }
  throw new Error("not yet"); // the browser fires "sync" again later
}

/** Send every recording and answer; one that fails must not stop the others. */
async function sendAll(): Promise<void> {
  let failed: unknown = null;
  for (const { key } of await StoredRecording.unsent()) {
    try {
      // A page that was just closed may not have released its lock yet.
      const sent = await withUploadLock(key, CLOSING_MS, () => sendOne(key));
      if (!sent) failed = new Error("not yet");
    } catch (error) {
      failed = error;
    }
  }
  await sendAnswers().then(undefined, (error) => (failed = error));
  if (failed) throw failed;
}

async function sendOne(key: string): Promise<void> {
  const stored = await StoredRecording.load(key);
  if (!stored) return;
  try {
    await finishUpload(stored, await uploadRecording(stored, false));
  } catch (error) {
    if (!(error instanceof UploadRefused)) throw error;
    await stored.refuse();
  }
}
