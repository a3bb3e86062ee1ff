// Deadlines in words, updated every second: "12 minutes left", "5 minutes over".
// intake/web/desk/queue.py says the same when it renders the page.

import { say } from "./words";

const UNITS: [string, number][] = [["days", 86_400], ["hours", 3600], ["minutes", 60]];

function lasts(seconds: number): string {
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return say(`queue_${unit}`, { n: Math.floor(seconds / length) });
  }
  return say("queue_moment");
}

// ms: the server's clock minus this computer's, which may be minutes wrong.
let ahead = 0;

function compare(): void {
  const told = document.querySelector<HTMLElement>("[data-now]")?.dataset["now"];
  if (told) ahead = Date.parse(told) - Date.now();
}

function inWords(moment: number, now: number): string {
  const seconds = (moment - now) / 1000;
  return say(seconds >= 0 ? "queue_left" : "queue_over", { time: lasts(Math.abs(seconds)) });
}

function tick(): void {
  const now = Date.now() + ahead;
  for (const due of document.querySelectorAll<HTMLTimeElement>("time[data-due]")) {
    const moment = Date.parse(due.dateTime);
    const words = inWords(moment, now);
    if (due.textContent !== words) due.textContent = words;
    due.classList.toggle("late", moment < now);
  }
  for (const since of document.querySelectorAll<HTMLTimeElement>("time[data-since]")) {
    const seconds = Math.max(0, (now - Date.parse(since.dateTime)) / 1000);
    const words = say("queue_waited", { time: lasts(seconds) });
    if (since.textContent !== words) since.textContent = words;
  }
}

compare();
document.addEventListener("htmx:afterSettle", compare);
window.setInterval(tick, 1000);
