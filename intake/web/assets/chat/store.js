// What this page keeps on the device: who she is, how large she reads, and what is not sent yet.
// Without storage (a private window) it is kept for as long as the page is open.

const KEY = "huying.chat.";
const memory = new Map();

export function read(name, otherwise = null) {
  try {
    const text = localStorage.getItem(KEY + name);
    return text === null ? (memory.get(name) ?? otherwise) : JSON.parse(text);
  } catch {
    return memory.get(name) ?? otherwise;
  }
}

export function write(name, value) {
  memory.set(name, value);
  try {
    localStorage.setItem(KEY + name, JSON.stringify(value));
  } catch {
    // Full or forbidden: memory has it.
  }
}

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Messages in writing that are not acknowledged, oldest first: {id, text, at}.
export const outbox = {
  all: () => read("outbox", []),
  add(message) {
    write("outbox", [...this.all(), message]);
  },
  remove(id) {
    write("outbox", this.all().filter((message) => message.id !== id));
  },
};

// Recordings that are not acknowledged: {id, blob, at, open, saved}. `open`: still being spoken.
const spoken = new Map();
let database;

function open() {
  database ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open("huying.chat", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("voices", { keyPath: "id" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  return database;
}

async function act(mode, work) {
  const found = await open();
  if (!found) return null;
  return new Promise((resolve) => {
    try {
      const transaction = found.transaction("voices", mode);
      const request = work(transaction.objectStore("voices"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

export const voices = {
  async all() {
    const stored = (await act("readonly", (store) => store.getAll())) ?? [];
    const merged = new Map(stored.map((voice) => [voice.id, voice]));
    for (const [id, voice] of spoken) merged.set(id, voice);
    return [...merged.values()].sort((a, b) => a.at - b.at);
  },
  async put(voice) {
    const saved = { ...voice, saved: Date.now() };
    spoken.set(voice.id, saved);
    await act("readwrite", (store) => store.put(saved));
  },
  async remove(id) {
    spoken.delete(id);
    await act("readwrite", (store) => store.delete(id));
  },
};
