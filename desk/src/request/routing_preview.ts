// Where a request would be sent and which requests resemble it, with what is typed now.

import type { Fields } from "../fields";
import { say } from "../words";

const STRONG = 80; // percent of likeness from which the operator is asked before it is sent

export class RoutingPreview {
  private timer = 0;

  constructor(
    private readonly number: string,
    private readonly fields: Fields,
  ) {}

  /** The server's last answer, as data attributes. */
  get shown(): DOMStringMap {
    return this.part.dataset;
  }

  /** Update after a pause of 250 ms in typing. */
  soon(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.look().catch(() => undefined), 250);
  }

  /** Update now if anything is typed, and cancel a later update. */
  async settle(): Promise<void> {
    window.clearTimeout(this.timer);
    if (this.fields.dirty) await this.look();
  }

  /** Update it with what is typed. */
  async look(): Promise<void> {
    const query: Record<string, string> = {};
    for (const name of ["category", "urgency", "place", "unit", "phone"])
      if (this.fields.names.includes(name)) query[name] = this.fields.value(name);
    const answer = await fetch(`/desk/requests/${this.number}/outlook?${new URLSearchParams(query).toString()}`);
    if (!answer.ok) return;
    this.part.outerHTML = await answer.text();
    const goes = document.querySelector("#goes strong");
    if (goes) goes.textContent = this.part.dataset["title"] ?? "";
  }

  /** The reasons to ask the operator before the request is sent. */
  get doubts(): string[] {
    return [...this.lacking(), ...this.strong()];
  }

  private get part(): HTMLElement {
    return document.getElementById("outlook") as HTMLElement;
  }

  private lacking(): string[] {
    const names = (this.part.dataset["lacks"] ?? "").split(" ").filter(Boolean);
    const lacks = names.filter((name) => !this.fields.value(name));
    const labels = lacks.map(
      (name) => document.querySelector(`[data-field="${name}"] label`)?.textContent?.replace(/^\s*\d\s*/, "").trim() ?? name,
    );
    return labels.length ? [say("lacks", { fields: labels.join(say("comma")) })] : [];
  }

  private strong(): string[] {
    const likely = [...document.querySelectorAll<HTMLElement>(".alike:not(.earlier) li")].filter(
      (item) => parseInt(item.querySelector("strong")?.textContent ?? "0", 10) >= STRONG,
    );
    return likely.slice(0, 1).map((item) => say("looks_like", { number: item.dataset["number"] ?? "" }));
  }
}
