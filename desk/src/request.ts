// One request: hear it, correct it, decide, and go on to the next; all of it by keys.

import "./request.css";

import { ask, pick } from "./asking";
import { choose, type Choice } from "./choose";
import { leave as keep, type Undo } from "./done";
import { aware, Fields, get, type State } from "./fields";
import { keys } from "./keys";
import { Refused, why as refusal, write } from "./net";
import { player } from "./player";
import { lookAt } from "./presence";
import { say, tell } from "./words";

interface Current {
  version: number;
  status: string;
  tracking_number: string;
  events: { who: string | null; kind: string; version: number; changes: Record<string, unknown> | null }[];
}

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
  let leaving = false;
  let begun: Promise<unknown> = Promise.resolve();

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

  /**
   * Do it once what was begun before is done; resolves with why it was not done, "" when it was.
   * A 412 loads what somebody else saved and keeps what she typed.
   */
  function tried(work: () => Promise<void>): Promise<string> {
    const mine = begun.then(() => (leaving ? "" : done(work)));
    begun = mine;
    return mine;
  }

  async function done(work: () => Promise<void>): Promise<string> {
    busy = true;
    place.setAttribute("aria-busy", "true");
    let wrong = "";
    try {
      await work();
    } catch (error) {
      if (error instanceof Refused && error.status === 412) {
        leave(whoChanged(error.body["current"] as Current));
        location.reload();
      } else wrong = error instanceof Refused ? say("not_saved", { why: refusal(error) }) : say("offline");
    }
    busy = leaving;
    place.removeAttribute("aria-busy");
    return wrong;
  }

  /** Do it once; what goes wrong is told. */
  async function act(work: () => Promise<void>): Promise<void> {
    const wrong = await tried(work);
    if (wrong) tell(wrong, true);
  }

  /** Ask and do; what can't be done is asked again with the reason, and nothing typed is lost. */
  async function asked(
    id: string,
    work: (form: FormData) => Promise<void>,
    prepare?: (form: HTMLFormElement) => void,
  ): Promise<void> {
    for (let wrong = ""; !leaving; ) {
      const form = await ask(id, prepare, wrong);
      if (!form) return;
      wrong = await tried(() => work(form));
      if (!wrong) return;
    }
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
      const own = document.getElementById(id);
      if (!part || !own) continue;
      if (own instanceof HTMLDetailsElement) (part as HTMLDetailsElement).open = own.open;
      const here = own.contains(document.activeElement);
      own.replaceWith(part);
      if (here) part.querySelector("summary")?.focus();
    }
  }

  /** What is told on the page that comes next; nothing else is done on this one. */
  function leave(told: string, action?: Undo["action"], from: string[] = []): void {
    leaving = true;
    const undo = action && { number: state.number, action, status: from, names: state.statuses };
    keep({ text: told, undo });
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

  async function confirm(backend?: string, title?: string): Promise<void> {
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
      const goesTo = title ?? outlook().dataset["title"] ?? "";
      leave(say("confirmed", { number: state.number, backend: goesTo }), "reopen", ["confirmed", "routed"]);
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
    await asked(
      action,
      async (form) => {
        await post(action, body(form));
        leave(say("did", { what: status(becomes), number: state.number }), "reopen", [becomes]);
        fields.forget();
        next();
      },
      prepare,
    );
  }

  const text = (form: FormData, name: string): string => String(form.get(name) ?? "").trim();
  const why = (form: FormData): object => ({ why: text(form, "why") || null });

  /** To another than the proposed one; where it would go anyhow is marked. */
  async function route(): Promise<void> {
    await fields.settle();
    if (fields.dirty) await lookAhead().catch(() => undefined);
    const proposed = outlook().dataset["backend"] ?? "";
    const titles = new Map<string, string>();
    const form = await ask("route", (f) => {
      for (const label of f.querySelectorAll<HTMLElement>("label.pick")) {
        const code = label.querySelector("input")?.value ?? "";
        titles.set(code, label.querySelector("[data-title]")?.textContent ?? code);
        const mark = label.querySelector<HTMLElement>("[data-proposed]");
        if (mark) mark.hidden = code !== proposed;
      }
      pick(f, "backend", [...titles.keys()].find((code) => code !== proposed) ?? proposed);
    });
    const backend = form ? text(form, "backend") : "";
    if (backend) await confirm(backend, titles.get(backend));
  }

  /** A time that is typed is the one that counts. */
  function typesTime(form: HTMLFormElement, name: string, event: Event): void {
    const date = form.elements.namedItem("date") as HTMLInputElement;
    if (event.target === date) pick(form, name, "");
    date.required = new FormData(form).get(name) === "";
  }

  async function hold(): Promise<void> {
    await asked(
      "hold",
      async (form) => {
        const until = text(form, "until") || aware(text(form, "date"), state.zone);
        await save();
        await post("hold", { until });
        leave(say("did", { what: say("held"), number: state.number }), "resume");
        next();
      },
      (form) => (form.onchange = (event) => typesTime(form, "until", event)),
    );
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
        label.append(radio, " ", cap, ` ${item.innerText.replace(/\s+/g, " ").trim()}`);
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
    await asked(
      "split",
      async (form) => {
        await save();
        const kind = kindOfSplit?.dataset["value"] ?? "";
        const now = await post("split", { category: kind, text: text(form, "text") || null });
        const into = now.events.filter((event) => event.kind === "split").at(-1)?.changes?.["into"];
        leave(say("split", { number: String(into ?? "") }));
        if (into) location.assign(`/desk/requests/${String(into)}`);
      },
      () => splitInto(null),
    );
  }
  const kindOfSplit = document.getElementById("split-category") as HTMLInputElement | null;
  /** Only a kind that was chosen is sent. */
  function splitInto(choice: Choice | null): void {
    if (!kindOfSplit) return;
    if (choice) kindOfSplit.value = choice.shown;
    kindOfSplit.dataset["value"] = choice?.value ?? "";
    kindOfSplit.setCustomValidity(choice ? "" : say("choose_kind"));
  }
  if (kindOfSplit) {
    kindOfSplit.addEventListener("input", () => splitInto(null));
    choose(
      kindOfSplit,
      (typed) => fields.kinds.filter((k) => [k.shown, k.sound, k.initials].some((one) => one.toLowerCase().startsWith(typed.toLowerCase()))),
      splitInto,
    );
  }

  async function call(): Promise<void> {
    await asked(
      "call",
      async (form) => {
        const outcome = text(form, "outcome");
        const when = form.get("again");
        const again = when === null ? null : String(when) || aware(text(form, "date"), state.zone);
        await write("POST", `${url}/calls`, {
          outcome,
          again_at: outcome === "reached" ? null : again,
          note: text(form, "note") || null,
        });
        tell(say("noted"));
        await redraw();
      },
      (form) => {
        const soonest = form.querySelector<HTMLInputElement>("input[name=again]")?.value ?? "";
        form.onchange = (event) => {
          const { name } = event.target as HTMLInputElement;
          const chosen = (): FormData => new FormData(form);
          if (name === "date") pick(form, "again", "");
          if (name === "again" || name === "date") {
            if (chosen().get("outcome") === "reached") pick(form, "outcome", "again");
          } else if (name === "outcome") {
            if (chosen().get("outcome") === "reached") pick(form, "again", null);
            else if (chosen().get("outcome") === "again" && !chosen().has("again")) pick(form, "again", soonest);
          }
          typesTime(form, "again", event);
        };
      },
    );
  }

  async function note(): Promise<void> {
    await asked("note", async (form) => {
      await write("POST", `${url}/notes`, { text: text(form, "text") });
      tell(say("noted"));
      await redraw();
    });
  }

  async function reply(): Promise<void> {
    await asked("reply", async (form) => {
      const body = { text: text(form, "text"), about: state.number };
      await write("POST", `/api/conversations/${state.conversation}/messages`, body);
      tell(say("sent"));
      await redraw();
    });
  }

  /** Something without questions; she stays with it and is told. */
  async function simple(action: string, becomes: string, from: string[] = []): Promise<void> {
    await save();
    await post(action, action === "hold" ? { until: null } : {});
    leave(say("did", { what: becomes, number: state.number }), from.length ? "reopen" : undefined, from);
    location.reload();
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
  // Shown again from the browser's memory of pages, it works again.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  for (const kind of ["huying:request", "huying:hello"])
    document.addEventListener(kind, (event) => void news(event).catch(() => undefined));

  const acts: Record<string, () => void> = {
    confirm: () => void confirm(),
    route: () => void route(),
    hold: () => void hold(),
    resume: () => void act(() => simple("hold", say("resumed"))),
    reject: () => void reject(),
    cancel: () => void decide("cancel", "cancelled", why),
    split: () => void split(),
    merge: () => void merge(),
    reopen: () => void act(() => simple("reopen", status("needs_review"))),
    done: () => void act(() => simple("done", status("done"), ["done"])),
    close: () => void asked("close", () => simple("close", status("closed"))),
    call: () => void call(),
    reply: () => void reply(),
    note: () => void note(),
    next,
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
    ["n", "note"],
  ];
  keys(say("keys.decide"), [
    ...allowed.map(([key, name, needs]) => ({
      key,
      label: state.acts[name] ?? name,
      act: acts[name] as () => void,
      when: () => may(needs ?? name),
    })),
    { key: "j", label: state.acts["next"] ?? "", act: next },
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
    { key: "F2", label: say("key_evidence"), act: playEvidence, typing: true, when: () => heard !== null && fields.evident },
    {
      key: "Ctrl+s",
      label: say("key_save"),
      typing: true,
      act: () =>
        void act(async () => {
          await fields.settle();
          if (!fields.dirty || undecided()) return;
          await save();
          leave(say("saved"));
          location.reload();
        }),
      when: () => may("edit"),
    },
    { key: "Ctrl+Enter", label: say("key_save_confirm"), typing: true, act: () => void confirm(), when: () => may("confirm") },
  ]);
  if (heard) {
    keys(say("keys.listen"), [
      { key: "Space", label: state.keys["play"] ?? "", act: heard.toggle },
      { key: "ArrowLeft", label: state.keys["back"] ?? "", act: () => heard.skip(-2), repeats: true },
      { key: "ArrowRight", label: state.keys["forward"] ?? "", act: () => heard.skip(2), repeats: true },
      { key: "[", label: state.keys["slower"] ?? "", act: () => heard.speed(-1) },
      { key: "]", label: state.keys["faster"] ?? "", act: () => heard.speed(1) },
      { key: "a", label: say("key_again"), act: heard.again },
      {
        key: "v",
        label: say("key_words"),
        act: () => document.querySelector<HTMLElement>(".word[tabindex='0']")?.focus(),
        when: () => words.length > 0,
      },
    ]);
  }
}
