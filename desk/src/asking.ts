// A dialog that asks for what an action needs: digits choose, Enter does it, Esc leaves.

import { isTyping } from "./keys";

/** Open `<dialog id="ask-…">`; resolves with its form's values, or null when she left it. */
export function ask(id: string, prepare?: (form: HTMLFormElement) => void): Promise<FormData | null> {
  const dialog = document.getElementById(`ask-${id}`) as HTMLDialogElement | null;
  const form = dialog?.querySelector("form");
  if (!dialog || !form) return Promise.resolve(null);
  form.reset();
  prepare?.(form);
  dialog.returnValue = "";
  dialog.showModal();
  const first = form.querySelector<HTMLElement>("input[type=radio]:checked, input[type=radio], textarea, input, button");
  first?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "ok" ? new FormData(form) : null), {
      once: true,
    });
  });
}

for (const dialog of document.querySelectorAll<HTMLDialogElement>("dialog.ask")) {
  dialog.addEventListener("keydown", (event) => {
    const form = dialog.querySelector("form");
    if (event.isComposing || !form) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector<HTMLButtonElement>("button[value=ok]"));
    } else if (/^[1-9]$/.test(event.key) && !isTyping(event.target)) {
      const choice = form.querySelectorAll<HTMLInputElement>("input[type=radio]")[Number(event.key) - 1];
      if (!choice) return;
      event.preventDefault();
      choice.checked = true;
      choice.focus();
      choice.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
}
