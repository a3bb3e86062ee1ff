// The connection: it comes back by itself, says what this page has seen, and sends what waits.
// One message in writing is on its way at a time, so they arrive in the order they were written.

import { outbox, read, voices, write } from "./store.js";

const PING = 25_000;
const SILENCE = 60_000;
const SLOWEST = 20_000;
const ANSWER = 15_000;
const SEEN = 200;

export class Link {
  constructor(language, on) {
    this.language = language;
    this.on = on; // state(connected), message, heard, synced, typing, kept, refused
    this.last = 0;
    this.seen = [];
    this.ready = false;
    this.tries = 0;
    this.flying = null; // the id that waits for its ack
    this.uploading = false;
    this.pause = null;
    setInterval(() => this.beat(), PING);
    addEventListener("online", () => this.connect());
    addEventListener("offline", () => this.drop());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.connect();
    });
    this.connect();
  }

  connect() {
    if (this.socket && this.socket.readyState <= WebSocket.OPEN) return;
    clearTimeout(this.again);
    const url = new URL("chat/ws", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.search = url.hash = "";
    const socket = new WebSocket(url);
    this.socket = socket;
    this.heardAt = Date.now();
    socket.onopen = () => {
      const { last, seen, language } = this;
      this.token = read("token");
      this.send({ t: "hello", token: this.token, last, seen, language });
    };
    socket.onmessage = (event) => {
      if (this.socket === socket) this.take(JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (this.socket === socket) this.lost();
    };
  }

  drop() {
    this.socket?.close();
    this.lost();
  }

  lost() {
    this.socket = null;
    this.ready = false;
    this.flying = null;
    this.on.typing(false);
    this.on.state(false);
    clearTimeout(this.again);
    if (document.hidden && this.tries > 3) return; // when she looks again
    const wait = Math.min(500 * 2 ** this.tries, SLOWEST) * (0.7 + 0.6 * Math.random());
    this.tries += 1;
    this.again = setTimeout(() => this.connect(), wait);
  }

  beat() {
    if (!this.socket) return;
    const silent = Date.now() - this.heardAt;
    if (silent > SILENCE && !document.hidden) this.drop();
    else if (this.ready && !document.hidden) this.send({ t: "ping" });
    this.uploadNext();
  }

  send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  take(frame) {
    this.heardAt = Date.now();
    if (frame.t === "welcome") {
      // Another tab has become somebody meanwhile: be the same.
      if (frame.new && read("token") !== this.token) return this.drop();
      if (frame.new) this.last = 0;
      write("token", frame.token);
      this.ready = true;
      this.tries = 0;
      this.on.state(true);
      this.sendNext();
      this.uploadNext();
    } else if (frame.t === "message") {
      this.last = Math.max(this.last, frame.id);
      if (this.seen.includes(frame.id)) return;
      this.seen = [...this.seen, frame.id].slice(-SEEN);
      if (frame.client_id) this.done(frame.client_id);
      this.on.message(frame);
    } else if (frame.t === "ack") {
      this.done(frame.client_id);
      this.on.kept(frame.client_id, frame.id);
    } else if (frame.t === "refused") {
      this.done(frame.client_id);
      this.on.refused(frame.client_id, frame.code);
    } else if (frame.t === "later") {
      this.flying = null;
      clearTimeout(this.pause);
      this.pause = setTimeout(() => this.sendNext(), frame.seconds * 1000);
    } else if (frame.t === "heard") this.on.heard(frame.id, frame.text);
    else if (frame.t === "typing") this.on.typing(frame.on);
    else if (frame.t === "synced") this.on.synced();
  }

  done(id) {
    outbox.remove(id);
    voices.remove(id);
    if (this.flying === id) this.flying = null;
    this.sendNext();
  }

  sendNext() {
    const next = outbox.all()[0];
    if (!next || !this.ready || this.flying) return;
    this.flying = next.id;
    this.send({ t: "say", ...next });
    clearTimeout(this.patience);
    this.patience = setTimeout(() => {
      if (this.flying === next.id) this.drop(); // no answer: the connection only looks alive
    }, ANSWER);
  }

  async uploadNext() {
    if (this.uploading || !this.ready) return;
    this.uploading = true;
    try {
      for (const voice of await voices.all()) {
        // One that another page is still recording is saved every few seconds.
        if (voice.open && Date.now() - voice.saved < 30_000) continue;
        if (!(await this.upload(voice))) break;
      }
    } finally {
      this.uploading = false;
    }
  }

  async upload(voice) {
    const form = new FormData();
    form.append("id", voice.id);
    form.append("at", String(voice.at));
    form.append("language", this.language);
    form.append("audio", voice.blob, "voice");
    try {
      const answer = await fetch(new URL("chat/voice", location.href), {
        method: "POST",
        body: form,
        headers: { Authorization: `Bearer ${read("token")}` },
      });
      if (answer.ok) {
        const { id } = await answer.json();
        await voices.remove(voice.id);
        this.on.kept(voice.id, id);
        return true;
      }
      if ([413, 415, 422].includes(answer.status)) {
        await voices.remove(voice.id);
        this.on.refused(voice.id, (await answer.json()).code);
        return true;
      }
    } catch {
      // No connection; it is kept, `beat` comes back to it.
    }
    return false;
  }
}
