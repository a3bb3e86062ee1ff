// One request: hear it, correct it, decide, and go on to the next; all of it by keys.

import "./request.css";

import { ask } from "./asking";
import { choose } from "./choose";
import { aware, Fields, get, type State } from "./fields";
import { keys } from "./keys";
import { attempt, Refused, write } from "./net";
import { player } from "./player";
import { lookAt } from "./presence";
import { say, tell } from "./words";

interface Undo {
  number: string;
  action: "reopen" | "resume";
  status: string[];
}

interface Done {
  text: string;
  undo?: Undo;
}

interface Current {
  version: number;
  status: string;
  tracking_number: string;
  events: { who: string | null; kind: string; version: number; changes: Record<string, unknown> | null }[];
}

const DONE = "huying-desk-done";
const STRONG = 80; // percent: so alike that she is asked before it goes out
const page = document.getElementById("request");
if (page) start(page);

function start(place: HTMLElement): void {
  const state = JSON.parse(document.getElementById("request-state")?.textContent ?? "{}") as State;
  const url = `/api/requests/${state.number}`;
  const status = (name: string): string => state.statuses[name] ?? name;
  const may = (what: string): boolean => state.may.includes(what);
  const words = [...place.querySelectorAll<HTMLElement>(".word")];
  const sound = document.getElementById("player");
  const heard = sound ? player(sound, words) : null;
  let refreshed = 0;
  let busy = false;

  const fields: Fields = new Fields(document.getElementById("fields") as HTMLElement, state, () => {
    showUnsaved();
    window.clearTimeout(refreshed);
    refreshed = window.setTimeout(() => void lookAhead().catch(() => undefined), 250);
  });
  fields.restore();
  showUnsaved();
  if (fields.dirty) void lookAhead().catch(() => undefined);

  function showUnsaved(): void {
    const tag = document.getElementById("unsaved");
    if (!tag) return;
    tag.hidden = !fields.dirty;
    tag.textContent = say("unsaved", { n: fields.names.length });
  }

  function outlook(): HTMLElement {
    return document.getElementById("outlook") as HTMLElement;
  }

  /** Where it would go and what resembles it, with what is typed. */
  async function lookAhead(): Promise<void> {
    const query: Record<string, string> = {};
    for (const name of ["category", "urgency", "place", "unit", "phone"])
      if (fields.names.includes(name)) query[name] = fields.value(name);
    const answer = await fetch(`/desk/requests/${state.number}/outlook?${new URLSearchParams(query).toString()}`);
    if (!answer.ok) return;
    outlook().outerHTML = await answer.text();
    const goes = document.querySelector("#goes strong");
    if (goes) goes.textContent = outlook().dataset["title"] ?? "";
  }

  lookAt(state.number, (others) => {
    const lookers = document.getElementById("lookers");
    if (!lookers) return;
    lookers.hidden = !others.length;
    lookers.textContent = others.length ? say("looking", { who: others.join(say("comma")) }) : "";
  });

  // Evidence: the words behind the field in focus.
  const span = (row: HTMLElement): [number, number] | null =>
    row.dataset["from"] ? [Number(row.dataset["from"]), Number(row.dataset["to"])] : null;
  const inside = (part: HTMLElement, [from, to]: [number, number]): boolean =>
    Number(part.dataset["from"]) < to && Number(part.dataset["to"]) > from;
  function show(row: HTMLElement | null): void {
    const evidence = row ? span(row) : null;
    for (const part of document.querySelectorAll<HTMLElement>("#said [data-from]"))
      part.classList.toggle("evidence", evidence !== null && inside(part, evidence));
  }
  const fieldRow = (target: EventTarget | null): HTMLElement | null =>
    target instanceof Element ? target.closest<HTMLElement>(".field") : null;
  place.addEventListener("focusin", (event) => {
    const row = fieldRow(event.target);
    if (row) show(row);
  });
  place.addEventListener("mouseover", (event) => {
    const row = fieldRow(event.target);
    if (row && !fieldRow(document.activeElement)) show(row);
  });
  let last: HTMLElement | null = null;
  place.addEventListener("focusin", (event) => (last = fieldRow(event.target) ?? last));

  function playEvidence(): void {
    const row = fieldRow(document.activeElement) ?? last;
    const evidence = row ? span(row) : null;
    const said = evidence
      ? words.filter((word) => [...word.querySelectorAll<HTMLElement>("[data-from]")].some((p) => inside(p, evidence)))
      : [];
    const [first, end] = [said[0], said.at(-1)];
    if (!first || !end) return tell(say("no_evidence"));
    heard?.from(Number(first.dataset["at"]) - 0.15, Number(end.dataset["until"]) + 0.15);
  }

  // Writes.

  /** Do it once; a 412 loads what somebody else saved and keeps what she typed. */
  async function act(work: () => Promise<void>): Promise<void> {
    if (busy) return;
    busy = true;
    place.setAttribute("aria-busy", "true");
    await attempt(async () => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 412) throw error;
        leave({ text: whoChanged(error.body["current"] as Current) });
        location.reload();
      }
    });
    busy = false;
    place.removeAttribute("aria-busy");
  }

  function whoChanged(current: Current): string {
    const news = current.events.filter((event) => event.version > state.version);
    const who = [...new Set(news.map((event) => event.who ?? "–"))].join(", ");
    return say("changed", { who, status: status(current.status) });
  }

  async function save(): Promise<void> {
    await fields.settle();
    const changes = fields.changes();
    if (!Object.keys(changes).length) return;
    const saved = await write<Current>("PATCH", url, changes, state.version);
    state.version = saved.version;
    fields.forget();
  }

  async function post(action: string, body: object): Promise<Current> {
    const now = await write<Current>("POST", `${url}/${action}`, body, state.version);
    state.version = now.version;
    return now;
  }

  /** What was written down, shown without losing what plays and what is typed. */
  async function redraw(): Promise<void> {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["notes", "history"]) {
      const part = fresh.getElementById(id);
      if (part) document.getElementById(id)?.replaceWith(part);
    }
  }

  function leave(done: Done): void {
    sessionStorage.setItem(DONE, JSON.stringify(done));
  }

  function next(): void {
    location.assign(`/desk/next?after=${encodeURIComponent(state.number)}`);
  }

  function undecided(): boolean {
    const row = [...fields.undecided][0];
    if (!row) return false;
    tell(say("decide_first"), true);
    fields.edit(document.querySelector<HTMLElement>(`[data-field="${row}"][data-key]`)?.dataset["key"] ?? "1");
    return true;
  }

  async function confirm(backend?: string): Promise<void> {
    await fields.settle();
    if (undecided()) return;
    window.clearTimeout(refreshed);
    if (fields.dirty) await lookAhead();
    if (outlook().dataset["service"] !== "1") {
      tell(say("choose_kind"), true);
      return fields.edit("1");
    }
    const doubts = [...lacking(), ...strong()];
    if (doubts.length) {
      const agreed = await ask("confirm", () => {
        const why = document.getElementById("confirm-why");
        if (why) why.textContent = doubts.join(" ");
      });
      if (!agreed) return;
    }
    await act(async () => {
      await save();
      await post("confirm", backend ? { backend } : {});
      const title = backend ?? outlook().dataset["title"] ?? "";
      leave({
        text: say("confirmed", { number: state.number, backend: title }),
        undo: { number: state.number, action: "reopen", status: ["confirmed", "routed"] },
      });
      next();
    });
  }

  function lacking(): string[] {
    const names = (outlook().dataset["lacks"] ?? "").split(" ").filter(Boolean);
    const lacks = names.filter((name) => !fields.value(name));
    const labels = lacks.map(
      (name) => document.querySelector(`[data-field="${name}"] label`)?.textContent?.replace(/^\s*\d\s*/, "").trim() ?? name,
    );
    return labels.length ? [say("lacks", { fields: labels.join(say("comma")) })] : [];
  }

  function strong(): string[] {
    const likely = [...document.querySelectorAll<HTMLElement>(".alike:not(.earlier) li")].filter(
      (item) => parseInt(item.querySelector("strong")?.textContent ?? "0", 10) >= STRONG,
    );
    return likely.slice(0, 1).map((item) => say("looks_like", { number: item.dataset["number"] ?? "" }));
  }

  /** Ask, do, tell on the next page, and go there. */
  async function decide(action: string, becomes: string, body: (form: FormData) => object, prepare?: (f: HTMLFormElement) => void): Promise<void> {
    const form = await ask(action, prepare);
    if (!form) return;
    await act(async () => {
      await post(action, body(form));
      leave({
        text: say("did", { what: status(becomes), number: state.number }),
        undo: { number: state.number, action: "reopen", status: [becomes] },
      });
      fields.forget();
      next();
    });
  }

  const text = (form: FormData, name: string): string => String(form.get(name) ?? "").trim();
  const why = (form: FormData): object => ({ why: text(form, "why") || null });

  async function route(): Promise<void> {
    const form = await ask("route");
    if (form) await confirm(text(form, "backend"));
  }

  async function hold(): Promise<void> {
    const form = await ask("hold", (f) => {
      const date = f.elements.namedItem("date") as HTMLInputElement;
      f.onchange = () => (date.required = !new FormData(f).get("until"));
    });
    if (!form) return;
    const until = text(form, "until") || aware(text(form, "date"), state.zone);
    await act(async () => {
      await save();
      await post("hold", { until });
      leave({
        text: say("did", { what: say("held"), number: state.number }),
        undo: { number: state.number, action: "resume", status: [state.status] },
      });
      next();
    });
  }

  function reject(): Promise<void> {
    return decide("reject", "rejected", why, (form) => {
      const words_ = form.elements.namedItem("why") as HTMLTextAreaElement;
      form.onchange = () => {
        const usual = new FormData(form).get("usual");
        if (usual && (!words_.value || words_.dataset["usual"] === words_.value)) {
          words_.value = words_.dataset["usual"] = String(usual);
        }
      };
    });
  }

  function merge(): Promise<void> {
    return decide("merge", "merged", (form) => ({ into: text(form, "into") }), (form) => {
      const into = form.elements.namedItem("into") as HTMLInputElement;
      const choices = document.getElementById("merge-into") as HTMLElement;
      choices.querySelectorAll("label").forEach((label) => label.remove());
      const others = [...document.querySelectorAll<HTMLElement>("#outlook li")].slice(0, 9);
      others.forEach((item, n) => {
        const label = document.createElement("label");
        label.className = "pick";
        const radio = document.createElement("input");
        radio.type = "radio";
        radio.name = "which";
        radio.value = item.dataset["number"] ?? "";
        radio.checked = n === 0;
        const cap = document.createElement("kbd");
        cap.textContent = String(n + 1);
        label.append(radio, " ", cap, ` ${item.textContent?.replace(/\s+/g, " ").trim() ?? ""}`);
        choices.append(label);
      });
      choices.hidden = !others.length;
      into.value = others[0]?.dataset["number"] ?? "";
      form.onchange = (event) => {
        const radio = event.target as HTMLInputElement;
        if (radio.name === "which") into.value = radio.value;
      };
    });
  }

  async function split(): Promise<void> {
    let kind = "";
    const form = await ask("split", () => undefined);
    if (!form) return;
    kind = document.getElementById("split-category")?.dataset["value"] ?? "";
    await act(async () => {
      await save();
      const now = await post("split", { category: kind || null, text: text(form, "text") || null });
      const into = now.events.filter((event) => event.kind === "split").at(-1)?.changes?.["into"];
      leave({ text: say("split", { number: String(into ?? "") }) });
      if (into) location.assign(`/desk/requests/${String(into)}`);
    });
  }
  const kindOfSplit = document.getElementById("split-category") as HTMLInputElement | null;
  if (kindOfSplit) {
    choose(
      kindOfSplit,
      (typed) => fields.kinds.filter((k) => [k.shown, k.sound, k.initials].some((one) => one.toLowerCase().startsWith(typed.toLowerCase()))),
      (choice) => {
        kindOfSplit.value = choice.shown;
        kindOfSplit.dataset["value"] = choice.value;
      },
    );
  }

  async function call(): Promise<void> {
    const form = await ask("call", (f) => {
      const at = f.elements.namedItem("at") as HTMLInputElement;
      f.onchange = () => (at.required = new FormData(f).get("outcome") === "again");
    });
    if (!form) return;
    const at = text(form, "at");
    await act(async () => {
      await write("POST", `${url}/calls`, {
        outcome: text(form, "outcome"),
        again_at: at ? aware(at, state.zone) : null,
        note: text(form, "note") || null,
      });
      tell(say("noted"));
      await redraw();
    });
  }

  async function note(): Promise<void> {
    const form = await ask("note");
    if (!form) return;
    await act(async () => {
      await write("POST", `${url}/notes`, { text: text(form, "text") });
      tell(say("noted"));
      await redraw();
    });
  }

  async function reply(): Promise<void> {
    const form = await ask("reply");
    if (!form) return;
    await act(async () => {
      await write("POST", `/api/conversations/${state.conversation}/messages`, { text: text(form, "text") });
      tell(say("sent"));
      await redraw();
    });
  }

  async function simple(action: string, becomes: string): Promise<void> {
    await act(async () => {
      await save();
      await post(action, action === "resume" ? { until: null } : {});
      leave({ text: say("did", { what: status(becomes), number: state.number }) });
      location.reload();
    });
  }

  async function resume(): Promise<void> {
    await act(async () => {
      await post("hold", { until: null });
      location.reload();
    });
  }

  async function undo(): Promise<void> {
    const done = recall();
    if (!done?.undo) return tell(say("nothing_to_undo"));
    const { number, action, status: from } = done.undo;
    await act(async () => {
      const there = `/api/requests/${number}`;
      const now = await get<Current>(there, {});
      if (action === "reopen" && !from.includes(now.status)) {
        sessionStorage.removeItem(DONE);
        return tell(say("too_late", { status: status(now.status) }), true);
      }
      const body = action === "resume" ? { until: null } : {};
      await write("POST", `${there}/${action === "resume" ? "hold" : "reopen"}`, body, now.version);
      leave({ text: say("undone", { number }) });
      location.assign(`/desk/requests/${number}`);
    });
  }

  function recall(): Done | null {
    return JSON.parse(sessionStorage.getItem(DONE) ?? "null") as Done | null;
  }

  // What was done on the page before, and its undo, stay until the next deed.
  const done = recall();
  const bar = document.getElementById("done");
  if (done && bar) {
    bar.textContent = done.text;
    bar.hidden = false;
    if (done.undo) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain";
      button.dataset["do"] = "undo";
      button.textContent = say("undo");
      const cap = document.createElement("kbd");
      cap.textContent = "u";
      button.append(" ", cap);
      bar.append(" ", button);
    } else sessionStorage.removeItem(DONE);
  }

  // Somebody else changed it: she is told, and loads it when she likes.
  async function news(event: Event): Promise<void> {
    const about = (event as CustomEvent<{ number?: string }>).detail?.number;
    if (busy || (event.type === "huying:request" && about !== state.number)) return;
    const now = await get<Current>(url, {});
    const bar_ = document.getElementById("changed");
    if (now.version <= state.version || busy || !bar_) return;
    bar_.textContent = `${whoChanged(now)} `;
    const button = document.createElement("button");
    button.type = "button";
    button.dataset["do"] = "load";
    button.textContent = say("load");
    const cap = document.createElement("kbd");
    cap.textContent = "l";
    button.append(" ", cap);
    bar_.append(button);
    bar_.hidden = false;
  }
  for (const kind of ["huying:request", "huying:hello"])
    document.addEventListener(kind, (event) => void news(event).catch(() => undefined));

  const acts: Record<string, () => void> = {
    confirm: () => void confirm(),
    route: () => void route(),
    hold: () => void hold(),
    resume: () => void resume(),
    reject: () => void reject(),
    cancel: () => void decide("cancel", "cancelled", why),
    split: () => void split(),
    merge: () => void merge(),
    reopen: () => void simple("reopen", "needs_review"),
    done: () => void simple("done", "done"),
    close: () => void simple("close", "closed"),
    call: () => void call(),
    reply: () => void reply(),
    note: () => void note(),
    next,
    undo: () => void undo(),
    load: () => location.reload(),
  };
  place.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-do]");
    if (button) acts[button.dataset["do"] as string]?.();
  });

  const allowed: [string, string, string?][] = [
    ["c", "confirm"],
    ["r", "route", "confirm"],
    ["h", "hold"],
    ["y", "resume"],
    ["x", "reject"],
    ["k", "cancel"],
    ["s", "split"],
    ["m", "merge"],
    ["o", "reopen"],
    ["d", "done"],
    ["f", "close"],
    ["b", "call"],
    ["t", "reply"],
  ];
  keys(say("keys.decide"), [
    ...allowed.map(([key, name, needs]) => ({
      key,
      label: state.acts[name] ?? name,
      act: acts[name] as () => void,
      when: () => may(needs ?? name),
    })),
    { key: "n", label: state.acts["note"] ?? "", act: () => void note() },
    { key: "j", label: state.acts["next"] ?? "", act: next },
    { key: "u", label: state.acts["undo"] ?? "", act: () => void undo() },
    { key: "l", label: say("load"), act: () => location.reload(), when: () => !document.getElementById("changed")?.hidden },
  ]);
  keys(say("keys.fields"), [
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({
      key: String(n),
      label: say("key_edit", { field: fields.row(String(n))?.querySelector("label")?.textContent?.replace(/^\s*\d\s*/, "").trim() ?? "" }),
      act: () => fields.edit(String(n)),
      when: () => may("edit"),
    })),
    ...[1, 2, 3, 4, 5, 6].map((n) => ({
      key: `Shift+${n}`,
      label: say("key_other", { field: fields.row(String(n))?.querySelector("label")?.textContent?.replace(/^\s*\d\s*/, "").trim() ?? "" }),
      act: () => fields.next(String(n)),
      when: () => may("edit") && fields.row(String(n))?.querySelector(".other") !== null,
    })),
    { key: "F2", label: say("key_evidence"), act: playEvidence, typing: true },
    {
      key: "Ctrl+s",
      label: say("key_save"),
      typing: true,
      act: () =>
        void act(async () => {
          await fields.settle();
          if (!fields.dirty || undecided()) return;
          await save();
          leave({ text: say("saved") });
          location.reload();
        }),
      when: () => may("edit"),
    },
    { key: "Ctrl+Enter", label: say("key_save_confirm"), typing: true, act: () => void confirm(), when: () => may("confirm") },
  ]);
  if (heard) {
    keys(say("keys.listen"), [
      { key: "Space", label: state.keys["play"] ?? "", act: heard.toggle },
      { key: "ArrowLeft", label: state.keys["back"] ?? "", act: () => heard.skip(-2) },
      { key: "ArrowRight", label: state.keys["forward"] ?? "", act: () => heard.skip(2) },
      { key: "[", label: state.keys["slower"] ?? "", act: () => heard.speed(-1) },
      { key: "]", label: state.keys["faster"] ?? "", act: () => heard.speed(1) },
      { key: "a", label: say("key_again"), act: heard.again },
      { key: "v", label: say("key_words"), act: () => document.querySelector<HTMLElement>(".word[tabindex='0']")?.focus() },
    ]);
  }
}
