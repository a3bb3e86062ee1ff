// The demand picture is drawn on the server; here it is only sent to the printer.

import "./demand.css";

document.getElementById("print")?.addEventListener("click", () => window.print());
// On paper the tables stand open.
window.addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll<HTMLDetailsElement>("#demand details")) part.open = true;
});
