// Deadlines in words that stay true: "12 minutes left", "5 minutes over".
// intake/web/desk/queue.py says the same when it renders the page.

import { say } from "./words";

const UNITS: [string, number][] = [["days", 86_400], ["hours", 3600], ["minutes", 60]];

function lasts(seconds: number): string {
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return say(`queue_${unit}`, { n: Math.floor(seconds / length) });
  }
  return say("queue_moment");
}

/** How long until a moment, or since it. */
export function inWords(moment: number, now = Date.now()): string {
  const seconds = (moment - now) / 1000;
  return say(seconds >= 0 ? "queue_left" : "queue_over", { time: lasts(Math.abs(seconds)) });
}

function tick(): void {
  for (const due of document.querySelectorAll<HTMLTimeElement>("time[data-due]")) {
    const moment = Date.parse(due.dateTime);
    const words = inWords(moment);
    if (due.textContent !== words) due.textContent = words;
    due.classList.toggle("late", moment < Date.now());
  }
  for (const since of document.querySelectorAll<HTMLTimeElement>("time[data-since]")) {
    const seconds = Math.max(0, (Date.now() - Date.parse(since.dateTime)) / 1000);
    const words = say("queue_waited", { time: lasts(seconds) });
    if (since.textContent !== words) since.textContent = words;
  }
}

window.setInterval(tick, 1000);
