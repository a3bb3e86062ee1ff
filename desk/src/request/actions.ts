// The actions that an operator can take on a request, by name.

import { ask, checkRadio } from "../dialog";
import { toInstant } from "../fields";
import { write } from "../net";
import { say, tell } from "../words";
import { splitCategory, offerMergeTargets, linkCallOutcome, setSplitCategory, textOf, requireTypedTime, fillUsualReason } from "./dialogs";
import type { RoutingPreview } from "./routing_preview";
import type { RequestWriter } from "./writer";

const why = (form: FormData): object => ({ why: textOf(form, "why") || null });

/** Whether a field that a colleague changed too is undecided; then say so and focus it. */
export function stopAtUndecided({ fields }: RequestWriter): boolean {
  const row = [...fields.undecided][0];
  if (!row) return false;
  tell(say("decide_first"), true);
  fields.edit(document.querySelector<HTMLElement>(`[data-field="${row}"][data-key]`)?.dataset["key"] ?? "1");
  return true;
}

/** Name of an action (as in buttons' `data-do` and keys) → the function that does it. */
export function requestActions(writer: RequestWriter, preview: RoutingPreview): Record<string, () => void> {
  const { fields, state } = writer;

  async function confirm(backend?: string, title?: string): Promise<void> {
    await fields.settle();
    if (stopAtUndecided(writer)) return;
    await preview.settle();
    if (preview.shown["service"] !== "1") {
      tell(say("choose_kind"), true);
      return fields.edit("1");
    }
    const doubts = preview.doubts;
    if (doubts.length) {
      const agreed = await ask("confirm", () => {
        const why = document.getElementById("confirm-why");
        if (why) why.textContent = doubts.join(" ");
      });
      if (!agreed) return;
    }
    await writer.do(async () => {
      await writer.save();
      await writer.post("confirm", backend ? { backend } : {});
      const goesTo = title ?? preview.shown["title"] ?? "";
      writer.finish(say("confirmed", { number: state.number, backend: goesTo }), "reopen", ["confirmed", "routed"]);
      writer.next();
    });
  }

  /** Confirm for another backend than the proposed one, which is marked. */
  async function route(): Promise<void> {
    await fields.settle();
    if (fields.dirty) await preview.look().catch(() => undefined);
    const proposed = preview.shown["backend"] ?? "";
    const titles = new Map<string, string>();
    const form = await ask("route", (f) => {
      for (const label of f.querySelectorAll<HTMLElement>("label.pick")) {
        const code = label.querySelector("input")?.value ?? "";
        titles.set(code, label.querySelector("[data-title]")?.textContent ?? code);
        const mark = label.querySelector<HTMLElement>("[data-proposed]");
        if (mark) mark.hidden = code !== proposed;
      }
      checkRadio(f, "backend", [...titles.keys()].find((code) => code !== proposed) ?? proposed);
    });
    const backend = form ? textOf(form, "backend") : "";
    if (backend) await confirm(backend, titles.get(backend));
  }

  /** Ask for what `action` needs, do it, and open the next request, which shows what was done. */
  async function decide(action: string, becomes: string, body: (form: FormData) => object, prepare?: (f: HTMLFormElement) => void): Promise<void> {
    await writer.askAndDo(
      action,
      async (form) => {
        await writer.post(action, body(form));
        writer.finish(say("did", { what: writer.status(becomes), number: state.number }), "reopen", [becomes]);
        fields.forget();
        writer.next();
      },
      prepare,
    );
  }

  async function hold(): Promise<void> {
    await writer.askAndDo(
      "hold",
      async (form) => {
        const until = textOf(form, "until") || toInstant(textOf(form, "date"), state.zone);
        await writer.save();
        await writer.post("hold", { until });
        writer.finish(say("did", { what: say("held"), number: state.number }), "resume");
        writer.next();
      },
      (form) => (form.onchange = (event) => requireTypedTime(form, "until", event)),
    );
  }

  function reject(): Promise<void> {
    return decide("reject", "rejected", why, fillUsualReason);
  }

  function merge(): Promise<void> {
    return decide("merge", "merged", (form) => ({ into: textOf(form, "into") }), offerMergeTargets);
  }

  async function split(): Promise<void> {
    await writer.askAndDo(
      "split",
      async (form) => {
        await writer.save();
        const now = await writer.post("split", { category: splitCategory(), text: textOf(form, "text") || null });
        const into = now.events.filter((event) => event.kind === "split").at(-1)?.changes?.["into"];
        writer.finish(say("split", { number: String(into ?? "") }));
        if (into) location.assign(`/desk/requests/${String(into)}`);
      },
      () => setSplitCategory(null),
    );
  }

  async function call(): Promise<void> {
    await writer.askAndDo(
      "call",
      async (form) => {
        const outcome = textOf(form, "outcome");
        const when = form.get("again");
        const again = when === null ? null : String(when) || toInstant(textOf(form, "date"), state.zone);
        await write("POST", `${writer.url}/calls`, {
          outcome,
          again_at: outcome === "reached" ? null : again,
          note: textOf(form, "note") || null,
        });
        tell(say("noted"));
        await writer.redraw();
      },
      linkCallOutcome,
    );
  }

  async function note(): Promise<void> {
    await writer.askAndDo("note", async (form) => {
      await write("POST", `${writer.url}/notes`, { text: textOf(form, "text") });
      tell(say("noted"));
      await writer.redraw();
    });
  }

  async function reply(): Promise<void> {
    await writer.askAndDo("reply", async (form) => {
      const body = { text: textOf(form, "text"), about: state.number };
      await write("POST", `/api/conversations/${state.conversation}/messages`, body);
      tell(say("sent"));
      await writer.redraw();
    });
  }

  return {
    confirm: () => void confirm(),
    route: () => void route(),
    hold: () => void hold(),
    resume: () => void writer.do(() => writer.doAtOnce("hold", say("resumed"))),
    reject: () => void reject(),
    cancel: () => void decide("cancel", "cancelled", why),
    split: () => void split(),
    merge: () => void merge(),
    reopen: () => void writer.do(() => writer.doAtOnce("reopen", writer.status("needs_review"))),
    done: () => void writer.do(() => writer.doAtOnce("done", writer.status("done"), ["done"])),
    close: () => void writer.askAndDo("close", () => writer.doAtOnce("close", writer.status("closed"))),
    call: () => void call(),
    reply: () => void reply(),
    note: () => void note(),
    next: () => writer.next(),
    load: () => location.reload(),
  };
}
