// The keys of a request's page.

import { registerKeys } from "../keys";
import type { Player } from "../player";
import { say } from "../words";
import { stopAtUndecided } from "./actions";
import type { RequestWriter } from "./writer";

/** Key, name of the action, and the permission that it needs if that has another name. */
const ACTION_KEYS: [string, string, string?][] = [
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

/** Keys of decisions; `acts`: name → action. */
export function registerDecisionKeys(writer: RequestWriter, acts: Record<string, () => void>): void {
  const { state } = writer;
  registerKeys(say("keys.decide"), [
    ...ACTION_KEYS.map(([key, name, needs]) => ({
      key,
      label: state.acts[name] ?? name,
      act: acts[name] as () => void,
      when: () => writer.may(needs ?? name),
    })),
    { key: "j", label: state.acts["next"] ?? "", act: () => writer.next() },
    { key: "l", label: say("load"), act: () => location.reload(), when: () => !document.getElementById("changed")?.hidden },
  ]);
}

/** Keys that focus and save fields; F2 plays the evidence if there is a recording (`hears`). */
export function registerFieldKeys(
  writer: RequestWriter,
  acts: Record<string, () => void>,
  playEvidence: () => void,
  hears: boolean,
): void {
  const { fields } = writer;
  const label = (key: string): string =>
    fields.row(key)?.querySelector("label")?.textContent?.replace(/^\s*\d\s*/, "").trim() ?? "";
  registerKeys(say("keys.fields"), [
    ...fields.keys.map((key) => ({
      key,
      label: say("key_edit", { field: label(key) }),
      act: () => fields.edit(key),
      when: () => writer.may("edit"),
    })),
    ...fields.keys.map((key) => ({
      key: `Shift+${key}`,
      label: say("key_other", { field: label(key) }),
      act: () => fields.nextOther(key),
      when: () => writer.may("edit") && fields.row(key)?.querySelector(".other") !== null,
    })),
    { key: "F2", label: say("key_evidence"), act: playEvidence, typing: true, when: () => hears && fields.hasEvidence },
    {
      key: "Ctrl+s",
      label: say("key_save"),
      typing: true,
      act: () =>
        void writer.do(async () => {
          await fields.settle();
          if (!fields.dirty || stopAtUndecided(writer)) return;
          await writer.save();
          writer.finish(say("saved"));
          location.reload();
        }),
      when: () => writer.may("edit"),
    },
    { key: "Ctrl+Enter", label: say("key_save_confirm"), typing: true, act: acts["confirm"] as () => void, when: () => writer.may("confirm") },
  ]);
}

/** Keys of the player. */
export function registerPlayerKeys(writer: RequestWriter, heard: Player, words: HTMLElement[]): void {
  const { state } = writer;
  registerKeys(say("keys.listen"), [
    { key: "Space", label: state.keys["play"] ?? "", act: heard.toggle },
    { key: "ArrowLeft", label: state.keys["back"] ?? "", act: () => heard.skip(-2), repeats: true },
    { key: "ArrowRight", label: state.keys["forward"] ?? "", act: () => heard.skip(2), repeats: true },
    { key: "[", label: state.keys["slower"] ?? "", act: () => heard.speed(-1) },
    { key: "]", label: state.keys["faster"] ?? "", act: () => heard.speed(1) },
    { key: "a", label: say("key_again"), act: heard.repeat },
    {
      key: "v",
      label: say("key_words"),
      act: () => document.querySelector<HTMLElement>(".word[tabindex='0']")?.focus(),
      when: () => words.length > 0,
    },
  ]);
}
