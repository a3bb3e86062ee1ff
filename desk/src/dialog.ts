// Dialogs that ask for what an action needs: digits choose, Enter does it, Esc closes.

import { isTyping } from "./keys";

const FIRST = "input[type=radio]:enabled, textarea, input, button";

const LEFT = `huying-asked-${location.pathname}`;

let asked = 0;

// When the page is left with an open dialog (mostly because the session ended), store what was typed,
// for when the same dialog is opened there again.
window.addEventListener("pagehide", () => {
  const dialog = document.querySelector("dialog.ask[open]");
  const form = dialog?.querySelector("form");
  if (dialog && form) sessionStorage.setItem(LEFT, JSON.stringify({ id: dialog.id, typed: [...new FormData(form)] }));
});

function recall(dialog: HTMLDialogElement, form: HTMLFormElement): void {
  const left = JSON.parse(sessionStorage.getItem(LEFT) ?? "null") as { id: string; typed: [string, string][] } | null;
  if (left?.id !== dialog.id) return;
  sessionStorage.removeItem(LEFT);
  for (const [name, value] of left.typed) {
    const control = form.elements.namedItem(name);
    if (control instanceof RadioNodeList || control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement)
      control.value = value;
  }
}

/**
 * Open `<dialog id="ask-…">`; resolves with its form's values, or null when it was closed without
 * OK. With `wrong`, the reason why the action failed, it keeps what was typed and shows the reason.
 */
export function ask(id: string, prepare?: (form: HTMLFormElement) => void, wrong = ""): Promise<FormData | null> {
  const dialog = document.getElementById(`ask-${id}`) as HTMLDialogElement | null;
  const form = dialog?.querySelector("form");
  if (!dialog || !form) return Promise.resolve(null);
  if (!wrong) {
    form.reset();
    prepare?.(form);
    recall(dialog, form);
  }
  dialog.returnValue = "";
  dialog.showModal();
  (form.querySelector<HTMLElement>("input[type=radio]:checked") ?? form.querySelector<HTMLElement>(FIRST))?.focus();
  const place = form.querySelector<HTMLElement>("[data-why]");
  if (place) {
    place.hidden = !wrong;
    place.textContent = wrong;
  }
  const mine = ++asked;
  return new Promise((resolve) => {
    const closed = (): void => {
      // "close" fires late: the dialog may already be open for the next question.
      if (mine === asked && dialog.open) return;
      dialog.removeEventListener("close", closed);
      resolve(mine === asked && dialog.returnValue === "ok" ? new FormData(form) : null);
    };
    dialog.addEventListener("close", closed);
  });
}

/** Check one of a group of radio buttons; null unchecks all. */
export function checkRadio(form: HTMLFormElement, name: string, value: string | null): void {
  for (const one of form.querySelectorAll<HTMLInputElement>(`input[type=radio][name="${name}"]`))
    one.checked = one.value === value;
}

for (const dialog of document.querySelectorAll<HTMLDialogElement>("dialog.ask")) {
  dialog.addEventListener("keydown", (event) => {
    const form = dialog.querySelector("form");
    // While an input method composes, Enter takes a candidate; Safari shows this only by code 229.
    if (event.isComposing || event.keyCode === 229 || !form) return;
    const writes = event.target instanceof HTMLTextAreaElement && !event.shiftKey;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey || writes)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector<HTMLButtonElement>("button[value=ok]"));
    } else if (/^[1-9]$/.test(event.key) && !isTyping(event.target)) {
      const choice = form.querySelectorAll<HTMLInputElement>("input[type=radio]")[Number(event.key) - 1];
      if (!choice || choice.disabled) return;
      event.preventDefault();
      choice.checked = true;
      const opens = choice.dataset["opens"] ? form.elements.namedItem(choice.dataset["opens"]) : null;
      (opens instanceof HTMLElement ? opens : choice).focus();
      choice.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
}
