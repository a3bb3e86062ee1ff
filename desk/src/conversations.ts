// A conversation's page, where the operator answers: Enter sends, Shift+Enter begins a new line. An
// unsent text survives a reload of this tab.

import "./conversations.css";

import { refresh } from "./refresh";
import { registerKeys } from "./keys";
import { attempt, write } from "./net";
import { say } from "./words";

const talk = document.getElementById("talk");
if (talk) {
  const base = `/api/conversations/${talk.dataset["id"]}`;
  const draft = `draft-${talk.dataset["id"]}`;
  const form = document.getElementById("answer") as HTMLFormElement;
  const text = document.getElementById("answer-text") as HTMLTextAreaElement;
  const log = document.getElementById("log") as HTMLElement;
  const button = form.querySelector("button") as HTMLButtonElement;

  registerKeys(say("conversations.keys"), [
    { key: "r", label: say("conversations.answer"), act: () => text.focus() },
    { key: "Escape", label: say("conversations.leave"), act: () => log.focus(), typing: true },
  ]);
  log.scrollTop = log.scrollHeight;
  text.value = sessionStorage.getItem(draft) ?? "";
  text.addEventListener("input", () => sessionStorage.setItem(draft, text.value));
  text.addEventListener("keydown", (event) => {
    // While an input method composes, Enter takes a candidate; Safari shows this only by code 229.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const words = text.value.trim();
    if (!words || button.disabled) return;
    button.disabled = true;
    const sent = await attempt(() => write("POST", `${base}/messages`, { text: words }));
    button.disabled = false;
    if (!sent) return;
    if (text.value.trim() === words) {
      text.value = "";
      sessionStorage.removeItem(draft);
    }
    await refresh();
    log.scrollTop = log.scrollHeight;
  });
  // The error event of <audio> does not bubble, so it is captured.
  talk.addEventListener(
    "error",
    (event) => {
      if (!(event.target instanceof HTMLAudioElement)) return;
      const told = document.createElement("p");
      told.className = "wrong";
      told.setAttribute("role", "alert");
      told.textContent = say("cannot_play");
      event.target.replaceWith(told);
    },
    true,
  );
  talk.addEventListener("click", (event) => {
    const move = (event.target as Element).closest<HTMLElement>("[data-talk]");
    if (!move) return;
    move.blur();
    void attempt(() => write("POST", `${base}/${move.dataset["talk"]}`)).then(refresh);
  });
}
