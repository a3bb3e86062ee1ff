// What she can do with a request, each deed by its name.

import { ask, pick } from "../asking";
import { aware } from "../fields";
import { write } from "../net";
import { say, tell } from "../words";
import { kindOfSplit, mergeInto, ringAgain, splitInto, text, typesTime, usualReasons } from "./dialogs";
import type { Outlook } from "./outlook";
import type { Writing } from "./writing";

const why = (form: FormData): object => ({ why: text(form, "why") || null });

/** Is a field undecided that somebody else changed too? Then she is told and led there. */
export function undecided({ fields }: Writing): boolean {
  const row = [...fields.undecided][0];
  if (!row) return false;
  tell(say("decide_first"), true);
  fields.edit(document.querySelector<HTMLElement>(`[data-field="${row}"][data-key]`)?.dataset["key"] ?? "1");
  return true;
}

/** What does each deed, by the name that buttons and keys have for it. */
export function deeds(writing: Writing, outlook: Outlook): Record<string, () => void> {
  const { fields, state } = writing;

  async function confirm(backend?: string, title?: string): Promise<void> {
    await fields.settle();
    if (undecided(writing)) return;
    await outlook.settle();
    if (outlook.shown["service"] !== "1") {
      tell(say("choose_kind"), true);
      return fields.edit("1");
    }
    const doubts = outlook.doubts;
    if (doubts.length) {
      const agreed = await ask("confirm", () => {
        const why = document.getElementById("confirm-why");
        if (why) why.textContent = doubts.join(" ");
      });
      if (!agreed) return;
    }
    await writing.act(async () => {
      await writing.save();
      await writing.post("confirm", backend ? { backend } : {});
      const goesTo = title ?? outlook.shown["title"] ?? "";
      writing.leave(say("confirmed", { number: state.number, backend: goesTo }), "reopen", ["confirmed", "routed"]);
      writing.next();
    });
  }

  /** To another than the proposed one; where it would go anyhow is marked. */
  async function route(): Promise<void> {
    await fields.settle();
    if (fields.dirty) await outlook.look().catch(() => undefined);
    const proposed = outlook.shown["backend"] ?? "";
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

  /** Ask, do, tell on the next page, and go there. */
  async function decide(action: string, becomes: string, body: (form: FormData) => object, prepare?: (f: HTMLFormElement) => void): Promise<void> {
    await writing.asked(
      action,
      async (form) => {
        await writing.post(action, body(form));
        writing.leave(say("did", { what: writing.status(becomes), number: state.number }), "reopen", [becomes]);
        fields.forget();
        writing.next();
      },
      prepare,
    );
  }

  async function hold(): Promise<void> {
    await writing.asked(
      "hold",
      async (form) => {
        const until = text(form, "until") || aware(text(form, "date"), state.zone);
        await writing.save();
        await writing.post("hold", { until });
        writing.leave(say("did", { what: say("held"), number: state.number }), "resume");
        writing.next();
      },
      (form) => (form.onchange = (event) => typesTime(form, "until", event)),
    );
  }

  function reject(): Promise<void> {
    return decide("reject", "rejected", why, usualReasons);
  }

  function merge(): Promise<void> {
    return decide("merge", "merged", (form) => ({ into: text(form, "into") }), mergeInto);
  }

  async function split(): Promise<void> {
    await writing.asked(
      "split",
      async (form) => {
        await writing.save();
        const now = await writing.post("split", { category: kindOfSplit(), text: text(form, "text") || null });
        const into = now.events.filter((event) => event.kind === "split").at(-1)?.changes?.["into"];
        writing.leave(say("split", { number: String(into ?? "") }));
        if (into) location.assign(`/desk/requests/${String(into)}`);
      },
      () => splitInto(null),
    );
  }

  async function call(): Promise<void> {
    await writing.asked(
      "call",
      async (form) => {
        const outcome = text(form, "outcome");
        const when = form.get("again");
        const again = when === null ? null : String(when) || aware(text(form, "date"), state.zone);
        await write("POST", `${writing.url}/calls`, {
          outcome,
          again_at: outcome === "reached" ? null : again,
          note: text(form, "note") || null,
        });
        tell(say("noted"));
        await writing.redraw();
      },
      ringAgain,
    );
  }

  async function note(): Promise<void> {
    await writing.asked("note", async (form) => {
      await write("POST", `${writing.url}/notes`, { text: text(form, "text") });
      tell(say("noted"));
      await writing.redraw();
    });
  }

  async function reply(): Promise<void> {
    await writing.asked("reply", async (form) => {
      const body = { text: text(form, "text"), about: state.number };
      await write("POST", `/api/conversations/${state.conversation}/messages`, body);
      tell(say("sent"));
      await writing.redraw();
    });
  }

  return {
    confirm: () => void confirm(),
    route: () => void route(),
    hold: () => void hold(),
    resume: () => void writing.act(() => writing.simple("hold", say("resumed"))),
    reject: () => void reject(),
    cancel: () => void decide("cancel", "cancelled", why),
    split: () => void split(),
    merge: () => void merge(),
    reopen: () => void writing.act(() => writing.simple("reopen", writing.status("needs_review"))),
    done: () => void writing.act(() => writing.simple("done", writing.status("done"), ["done"])),
    close: () => void writing.asked("close", () => writing.simple("close", writing.status("closed"))),
    call: () => void call(),
    reply: () => void reply(),
    note: () => void note(),
    next: () => writing.next(),
    load: () => location.reload(),
  };
}
