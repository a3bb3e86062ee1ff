// The fields of a request: stored values, what the operator typed, what others changed meanwhile.

import { attachCombobox, type Choice, type Combobox } from "./combobox";
import { say } from "./words";

export interface RequestState {
  number: string;
  version: number;
  status: string;
  zone: string;
  language: string;
  fields: Record<string, string>;
  shown: Record<string, string>;
  may: string[];
  conversation: number | null;
  statuses: Record<string, string>;
  acts: Record<string, string>;
  keys: Record<string, string>;
}

type Input = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

interface UnsavedFields {
  base: Record<string, string>;
  typed: Record<string, { value: string; shown: string }>;
  words?: string;
}

interface Kind extends Choice {
  sound: string;
  initials: string;
}

export class Fields {
  /** Fields in which a colleague saved one value and the operator typed another. */
  readonly undecided = new Set<string>();
  readonly kinds: Kind[];
  private readonly typed = new Map<string, { value: string; shown: string }>();
  private readonly comboboxes = new Map<string, Combobox>();
  private readonly key: string;
  private whenWords: string | undefined;

  constructor(
    private readonly form: HTMLElement,
    private readonly state: RequestState,
    private readonly changed: () => void,
  ) {
    this.key = `huying-typed-${state.number}`;
    this.kinds = JSON.parse(document.getElementById("request-kinds")?.textContent || "[]") as Kind[];
    for (const row of this.rows()) this.wire(row);
  }

  get dirty(): boolean {
    return this.typed.size > 0;
  }

  /** Whether any field has evidence, words of the transcript that it rests on. */
  get hasEvidence(): boolean {
    return this.form.querySelector("[data-key][data-from]") !== null;
  }

  get names(): string[] {
    return [...this.typed.keys()];
  }

  /** The value as it would be saved. */
  value(name: string): string {
    return this.typed.get(name)?.value ?? this.state.fields[name] ?? "";
  }

  /** The digits that lead to fields. */
  get keys(): string[] {
    return this.rows().map((row) => row.dataset["key"] as string);
  }

  row(key: string): HTMLElement | null {
    return this.form.querySelector(`[data-key="${key}"]`);
  }

  /** Focus the field of a key ("1" to "8") for editing. */
  edit(key: string): void {
    const input = this.row(key)?.querySelector<Input>("input, select, textarea");
    input?.focus();
    if (input && !(input instanceof HTMLSelectElement)) input.select();
  }

  /** Put the next alternative into a field; after the last one, the stored value. */
  nextOther(key: string): void {
    const row = this.row(key);
    const name = row?.dataset["field"];
    if (!row || !name) return;
    const offered = [...row.querySelectorAll<HTMLElement>(".other")].map((b) => ({
      value: b.dataset["value"] ?? "",
      shown: b.dataset["shown"] ?? "",
    }));
    if (!offered.length) return this.edit(key);
    const at = offered.findIndex((one) => one.value === this.value(name));
    const taken = offered[at + 1] ?? { value: this.state.fields[name] ?? "", shown: this.state.shown[name] ?? "" };
    this.put(name, taken.value, taken.shown);
  }

  /** The changed fields, as a PATCH sends them; null clears a field. */
  changes(): Record<string, string | null> {
    const found: Record<string, string | null> = {};
    for (const [name, { value }] of this.typed) {
      if (name !== "when") {
        found[name] = value || null;
        continue;
      }
      const [start, end] = value.split("/");
      found["when_start"] = start ? toInstant(start, this.state.zone) : null;
      found["when_end"] = end ? toInstant(end, this.state.zone) : null;
      if (this.whenWords !== undefined || !value) found["when_text"] = this.whenWords || null;
    }
    return found;
  }

  /** Await running searches and take their first results. */
  async settle(): Promise<void> {
    await Promise.all([...this.comboboxes.values()].map((one) => one.settle()));
  }

  forget(): void {
    sessionStorage.removeItem(this.key);
  }

  private rows(): HTMLElement[] {
    return [...this.form.querySelectorAll<HTMLElement>("[data-field][data-key]")];
  }

  private wire(row: HTMLElement): void {
    const name = row.dataset["field"] as string;
    const input = row.querySelector<Input>("input, select, textarea");
    if (!input) return;
    if (!(name in this.state.shown)) this.state.shown[name] = this.state.fields[name] ?? "";
    if (input instanceof HTMLInputElement && ["category", "place", "when"].includes(name)) this.wireSearch(name, input);
    else
      input.addEventListener("input", () =>
        this.put(name, input.value.trim(), input instanceof HTMLSelectElement ? "" : input.value.trim(), false),
      );
    input.addEventListener("keydown", (event) => void this.onKey(event as KeyboardEvent, name, input));
    row.addEventListener("click", (event) => {
      const other = (event.target as Element).closest<HTMLElement>(".other");
      if (other) this.put(name, other.dataset["value"] ?? "", other.dataset["shown"] ?? "");
    });
    if (name === "when") this.wireExactTimes(row);
  }

  /** Enter accepts the value and leaves the field; Escape restores the stored value. */
  private async onKey(event: KeyboardEvent, name: string, input: Input): Promise<void> {
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey) return;
    if (event.key === "Enter" && !(input instanceof HTMLTextAreaElement && event.shiftKey)) {
      event.preventDefault();
      await this.comboboxes.get(name)?.settle();
      this.decided(name);
      input.blur();
    } else if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      this.put(name, this.state.fields[name] ?? "", this.state.shown[name] ?? "");
      input.blur();
    }
  }

  private wireSearch(name: string, input: HTMLInputElement): void {
    const find = { category: this.findKind, place: this.findPlace, when: this.findTime }[name];
    if (!find) return;
    this.comboboxes.set(
      name,
      attachCombobox(input, find.bind(this), (choice) => {
        if (name === "when") this.whenWords = input.value.trim();
        this.put(name, choice.value, choice.shown);
      }),
    );
    input.addEventListener("input", () => {
      const typed = input.value.trim();
      if (name === "place") this.put(name, typed, typed, false);
      else if (!typed) {
        if (name === "when") this.whenWords = "";
        this.put(name, "", "", false);
      }
    });
    // A text that is no category or time can't be saved: show the current value again.
    input.addEventListener("blur", () => {
      if (name === "place") return;
      void this.comboboxes.get(name)?.settle().then(() => {
        input.value = this.typed.get(name)?.shown ?? this.state.shown[name] ?? "";
      });
    });
  }

  private findKind(typed: string): Choice[] {
    const letters = typed.toLowerCase().replaceAll(" ", "");
    const fits = (kind: Kind): number =>
      kind.shown.toLowerCase().startsWith(letters)
        ? 0
        : kind.initials.startsWith(letters) || kind.sound.startsWith(letters)
          ? 1
          : kind.shown.toLowerCase().includes(letters) || kind.value.includes(letters)
            ? 2
            : 9;
    return this.kinds.filter((kind) => fits(kind) < 9).sort((one, other) => fits(one) - fits(other));
  }

  private async findPlace(typed: string): Promise<Choice[]> {
    const found = await getJson<{ name: string; area: string | null }[]>("/api/places/suggest", { q: typed });
    return found.map((place) => ({ value: place.name, shown: place.name, hint: place.area ?? "" }));
  }

  private async findTime(typed: string): Promise<Choice[]> {
    if (!typed) return [];
    const found = await getJson<{ start: string; end: string; said: string }[]>(
      `/api/requests/${this.state.number}/times`,
      { q: typed, language: this.state.language },
    );
    return found.map((one) => ({ value: `${one.start}/${one.end}`, shown: one.said }));
  }

  /** Two inputs for exact times, to the minute, besides words. */
  private wireExactTimes(row: HTMLElement): void {
    const from = row.querySelector<HTMLInputElement>("#when-start");
    const to = row.querySelector<HTMLInputElement>("#when-end");
    const box = row.querySelector<HTMLElement>(".exact");
    if (!from || !to || !box) return;
    row.addEventListener("focusin", () => {
      [from.value, to.value] = [...this.value("when").split("/"), ""] as [string, string];
      box.hidden = false;
      from.tabIndex = to.tabIndex = 0;
    });
    row.addEventListener("focusout", (event) => {
      if (!row.contains(event.relatedTarget as Node | null)) box.hidden = true;
    });
    for (const one of [from, to])
      one.addEventListener("change", () => {
        if (!from.value) return;
        if (!to.value || to.value < from.value) to.value = from.value;
        this.put("when", `${from.value}/${to.value}`, `${from.value} – ${to.value}`.replaceAll("T", " "));
      });
  }

  private put(name: string, value: string, shown: string, write = true): void {
    const base = this.state.fields[name] ?? "";
    if (value === base) this.typed.delete(name);
    else this.typed.set(name, { value, shown });
    const row = this.form.querySelector<HTMLElement>(`[data-field="${name}"][data-key]`);
    const input = row?.querySelector<Input>("input, select, textarea");
    if (input && write) input.value = input instanceof HTMLSelectElement ? value : shown;
    this.decided(name);
    const was = row?.querySelector<HTMLElement>(".was");
    if (was) {
      was.hidden = value === base;
      was.textContent = value === base ? "" : say("was", { value: this.state.shown[name] || "–" });
    }
    row?.classList.toggle("typed", value !== base);
    this.keep();
    this.changed();
  }

  private decided(name: string): void {
    this.undecided.delete(name);
    this.form.querySelector(`[data-field="${name}"][data-key]`)?.classList.remove("undecided");
  }

  private keep(): void {
    if (!this.dirty) return this.forget();
    const kept: UnsavedFields = { base: this.state.fields, typed: Object.fromEntries(this.typed) };
    if (this.whenWords !== undefined) kept.words = this.whenWords;
    sessionStorage.setItem(this.key, JSON.stringify(kept));
  }

  /** Restore what was typed before the page was left, or reloaded for a colleague's change. */
  restore(): void {
    const kept = JSON.parse(sessionStorage.getItem(this.key) ?? "null") as UnsavedFields | null;
    if (!kept || !this.state.may.includes("edit")) return this.forget();
    this.whenWords = kept.words;
    for (const [name, { value, shown }] of Object.entries(kept.typed)) {
      const now = this.state.fields[name] ?? "";
      if (now === value) continue;
      if (now === kept.base[name]) {
        this.put(name, value, shown);
        continue;
      }
      const row = this.form.querySelector<HTMLElement>(`[data-field="${name}"][data-key]`);
      const mine = document.createElement("button");
      mine.type = "button";
      mine.className = "plain other mine";
      mine.dataset["value"] = value;
      mine.dataset["shown"] = shown;
      mine.textContent = say("mine", { value: shown || value || "–" });
      row?.querySelector(".about")?.prepend(mine);
      row?.classList.add("undecided");
      this.undecided.add(name);
    }
  }
}

/** GET JSON from the operators' API. Rejects when the status is no success. */
export async function getJson<T>(path: string, query: Record<string, string>): Promise<T> {
  const answer = await fetch(`${path}?${new URLSearchParams(query).toString()}`, {
    credentials: "same-origin",
    headers: { Accept: "application/json" },
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()) as T;
}

/** A local time in `zone` as UTC: "2026-11-24T09:00" → "2026-11-24T01:00:00.000Z". */
export function toInstant(local: string, zone: string): string {
  const wall = Date.parse(`${local}:00Z`);
  const offset = (at: number): number => {
    const parts = Object.fromEntries(
      new Intl.DateTimeFormat("en-CA", {
        timeZone: zone,
        hourCycle: "h23",
        year: "numeric",
        month: "2-digit",
        day: "2-digit",
        hour: "2-digit",
        minute: "2-digit",
      })
        .formatToParts(at)
        .map((part) => [part.type, part.value]),
    );
    const there = `${parts["year"]}-${parts["month"]}-${parts["day"]}T${parts["hour"]}:${parts["minute"]}:00Z`;
    return Date.parse(there) - Math.floor(at / 60000) * 60000;
  };
  const guess = wall - offset(wall);
  return new Date(wall - offset(guess)).toISOString();
}
