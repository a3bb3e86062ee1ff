// The behaviour of a request's dialogs while they are filled in.

import { checkRadio } from "../dialog";
import { attachCombobox, type Choice } from "../combobox";
import type { Fields } from "../fields";
import { say } from "../words";

/** The trimmed value of a form's field; "" without one. */
export function textOf(form: FormData, name: string): string {
  return String(form.get(name) ?? "").trim();
}

/** Let a typed date replace the offered times; require it when none of them is chosen. */
export function requireTypedTime(form: HTMLFormElement, name: string, event: Event): void {
  const date = form.elements.namedItem("date") as HTMLInputElement;
  if (event.target === date) checkRadio(form, name, "");
  date.required = new FormData(form).get(name) === "";
}

/** A chosen usual reason fills the text, unless the operator has written one. */
export function fillUsualReason(form: HTMLFormElement): void {
  const words_ = form.elements.namedItem("why") as HTMLTextAreaElement;
  form.onchange = () => {
    const usual = new FormData(form).get("usual");
    if (usual && (!words_.value || words_.dataset["usual"] === words_.value)) {
      words_.value = words_.dataset["usual"] = String(usual);
    }
  };
}

/** Offer up to nine similar requests to merge into, to choose by digits. */
export function offerMergeTargets(form: HTMLFormElement): void {
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
}

/** Keep outcome and time of the next call consistent: a time only if the caller was not reached. */
export function linkCallOutcome(form: HTMLFormElement): void {
  const soonest = form.querySelector<HTMLInputElement>("input[name=again]")?.value ?? "";
  form.onchange = (event) => {
    const { name } = event.target as HTMLInputElement;
    const chosen = (): FormData => new FormData(form);
    if (name === "date") checkRadio(form, "again", "");
    if (name === "again" || name === "date") {
      if (chosen().get("outcome") === "reached") checkRadio(form, "outcome", "again");
    } else if (name === "outcome") {
      if (chosen().get("outcome") === "reached") checkRadio(form, "again", null);
      else if (chosen().get("outcome") === "again" && !chosen().has("again")) checkRadio(form, "again", soonest);
    }
    requireTypedTime(form, "again", event);
  };
}

const kind = document.getElementById("split-category") as HTMLInputElement | null;

/** The code of the category chosen for the new request; "" while none is. */
export function splitCategory(): string {
  return kind?.dataset["value"] ?? "";
}

/** Set the category of the new request; null: none, so the form can't be sent. */
export function setSplitCategory(choice: Choice | null): void {
  if (!kind) return;
  if (choice) kind.value = choice.shown;
  kind.dataset["value"] = choice?.value ?? "";
  kind.setCustomValidity(choice ? "" : say("choose_kind"));
}

/** Make the category field of the split dialog a combobox. */
export function attachSplitCategories(fields: Fields): void {
  if (!kind) return;
  kind.addEventListener("input", () => setSplitCategory(null));
  attachCombobox(
    kind,
    (typed) => fields.kinds.filter((k) => [k.shown, k.sound, k.initials].some((one) => one.toLowerCase().startsWith(typed.toLowerCase()))),
    setSplitCategory,
  );
}
