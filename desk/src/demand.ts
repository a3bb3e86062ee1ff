// The page of statistics, which the server renders: printing it.

import "./demand.css";

document.getElementById("print")?.addEventListener("click", () => window.print());
// Print the tables open.
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll<HTMLDetailsElement>("#demand details")) part.open = true;
});
