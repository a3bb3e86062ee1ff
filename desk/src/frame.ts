// What every page has: buttons that post and go on.

import { attempt, write } from "./net";

document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-post]");
  if (!button) return;
  event.preventDefault();
  const question = button.dataset["confirm"];
  if (question && !window.confirm(question)) return;
  attempt(async () => {
    await write("POST", button.dataset["post"] as string);
    if (button.dataset["then"]) location.assign(button.dataset["then"]);
    else location.reload();
  });
});
