// The phone's database (IndexedDB): recordings while they grow, and the requests made of them.
//
// Bytes are stored as ArrayBuffers: Safari before 12 can't store Blobs. Without IndexedDB (a
// private window) everything is kept in memory until the page is closed.

export interface RecordingMeta {
  key: string; // 32 hex digits, the idempotency key
  type: string;
  language: string;
  household: string | null;
  recorded_at: string; // ISO 8601 with zone
  touched: number; // ms since 1970 of the last piece: old when the page that recorded it is closed
  whole: boolean;
  refused: boolean;
}

export interface Piece {
  key: string;
  n: number;
  data: ArrayBuffer;
}

export interface KnownRequest {
  status_key: string;
  tracking_number: string;
  at: string;
  answer?: "right" | "not-right"; // the resident's, not yet sent to the server
}

const MAX_REQUESTS = 20;
const OPEN_TIMEOUT_MS = 3_000;
const memory: { recordings: RecordingMeta[]; pieces: Piece[]; requests: KnownRequest[] } = {
  recordings: [],
  pieces: [],
  requests: [],
};
let opened: Promise<IDBDatabase | null> | null = null;

function database(): Promise<IDBDatabase | null> {
  opened =
    opened ||
    new Promise((resolve) => {
      try {
        const opening = indexedDB.open("huying", 1);
        opening.onupgradeneeded = () => {
          opening.result.createObjectStore("recordings", { keyPath: "key" });
          opening.result.createObjectStore("pieces", { keyPath: ["key", "n"] });
          opening.result.createObjectStore("requests", { keyPath: "status_key" });
        };
        opening.onsuccess = () => {
          opening.result.onclose = () => (opened = null); // iOS closes it for a suspended page
          opening.result.onversionchange = () => opening.result.close(); // to upgrade
          resolve(opening.result);
        };
        opening.onerror = () => resolve(null);
        opening.onblocked = () => resolve(null);
        setTimeout(() => resolve(null), OPEN_TIMEOUT_MS); // Safari 14.1 may fire no event at all
      } catch (_) {
        resolve(null);
      }
    });
  return opened;
}

type Name = "recordings" | "pieces" | "requests";

async function run<T>(
  name: Name,
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T | undefined> {
  const db = await database();
  if (!db) return undefined;
  const begin = (of: IDBDatabase | null) => of && of.transaction(name, mode);
  let transaction: IDBTransaction | null;
  try {
    transaction = begin(db);
  } catch (_) {
    opened = null; // the connection was lost: once more with a new one
    transaction = begin(await database());
  }
  if (!transaction) return undefined;
  return workIn(transaction, name, work);
}

function workIn<T>(
  transaction: IDBTransaction,
  name: Name,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const request = work(transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

const ofRecording = (key: string) => IDBKeyRange.bound([key, 0], [key, 1e9]);

function putIn<T>(list: T[], value: T, same: (other: T) => boolean): void {
  const at = list.findIndex(same);
  if (at < 0) list.push(value);
  else list[at] = value;
}

/** Store a recording's data. Resolves with whether it outlives the page (false: kept in memory);
 *  rejects when the phone's storage is full. */
export async function putRecording(meta: RecordingMeta): Promise<boolean> {
  if ((await run("recordings", "readwrite", (s) => s.put(meta))) !== undefined) return true;
  putIn(memory.recordings, meta, (m) => m.key === meta.key);
  return false;
}

/** Store a piece; resolves and rejects as `putRecording`. */
export async function putPiece(piece: Piece): Promise<boolean> {
  if ((await run("pieces", "readwrite", (s) => s.put(piece))) !== undefined) return true;
  memory.pieces.push(piece);
  return false;
}

export async function allRecordings(): Promise<RecordingMeta[]> {
  if (!(await database())) return memory.recordings.slice();
  return (await run<RecordingMeta[]>("recordings", "readonly", (s) => s.getAll())) || [];
}

export async function getRecording(key: string): Promise<RecordingMeta | undefined> {
  if (!(await database())) return memory.recordings.filter((m) => m.key === key)[0];
  return run<RecordingMeta | undefined>("recordings", "readonly", (s) => s.get(key));
}

/** The pieces of a recording in order, up to the first that is missing. */
export async function getPieces(key: string): Promise<ArrayBuffer[]> {
  const found = (await database())
    ? await run<Piece[]>("pieces", "readonly", (s) => s.getAll(ofRecording(key)))
    : memory.pieces.filter((p) => p.key === key);
  return (found || []).filter((p, at) => p.n === at).map((p) => p.data);
}

/** Delete a recording and its pieces: only after the server has stored it, or without any sound. */
export async function deleteRecording(key: string): Promise<void> {
  if (!(await database())) {
    memory.recordings = memory.recordings.filter((m) => m.key !== key);
    memory.pieces = memory.pieces.filter((p) => p.key !== key);
    return;
  }
  await run("recordings", "readwrite", (s) => s.delete(key));
  await run("pieces", "readwrite", (s) => s.delete(ofRecording(key)));
}

/** Store a request. Rejects when the phone's storage is full; then it is kept in memory. The oldest
 *  beyond `MAX_REQUESTS` are deleted, except those with an unsent answer. */
export async function putRequest(kept: KnownRequest): Promise<void> {
  if (!(await database())) {
    putIn(memory.requests, kept, (k) => k.status_key === kept.status_key);
    return;
  }
  try {
    await run("requests", "readwrite", (s) => s.put(kept));
    memory.requests = memory.requests.filter((k) => k.status_key !== kept.status_key);
  } catch (error) {
    putIn(memory.requests, kept, (k) => k.status_key === kept.status_key);
    throw error;
  }
  const all = await allRequests();
  for (const old of all.slice(MAX_REQUESTS)) {
    if (old.answer) continue;
    await run("requests", "readwrite", (s) => s.delete(old.status_key));
  }
}

/** The requests stored on this phone, the newest first. */
export async function allRequests(): Promise<KnownRequest[]> {
  const stored = (await database())
    ? await run<KnownRequest[]>("requests", "readonly", (s) => s.getAll()).then(undefined, () => [])
    : [];
  const known = (key: string) => memory.requests.some((kept) => kept.status_key === key);
  const all = (stored || []).filter((kept) => !known(kept.status_key)).concat(memory.requests);
  return all.sort((a, b) => (a.at < b.at ? 1 : -1));
}
