// The settings' pages: places and their import, the catalogue's texts, the history.

import "./settings.css";
import { registerKeys } from "./keys";
import { write } from "./net";
import { initRoutingRules } from "./routing_rules";
import { save, splitList } from "./settings_form";
import { say } from "./words";

interface Value {
  kind: string;
  area: string | null;
  aliases: string[];
}
interface Place extends Value {
  id: number;
  name: string;
}
interface Alike {
  name: string;
  exactly: boolean;
}
interface Line {
  line: number;
  name: string;
  what: "add" | "change" | "wrong";
  before: Value | null;
  after: Value;
  wrong: Record<string, string> | null;
  sounds_like: Alike[];
}
interface Preview {
  version: number;
  counts: Record<"add" | "change" | "same" | "wrong" | "remove", number>;
  lines: Line[];
  removed: { name: string; before: Value }[];
}

const root = document.getElementById("settings");

function initPlaces(section: HTMLElement): void {
  const version = Number(section.dataset["version"]);
  const dialog = section.querySelector("dialog") as HTMLDialogElement;
  const form = dialog.querySelector("form") as HTMLFormElement;
  const field = (name: string) => form.elements.namedItem(name) as HTMLInputElement;
  let editing: Place | null = null;

  function open(place: Place | null): void {
    editing = place;
    field("name").value = place?.name ?? "";
    if (place && ![...form.querySelectorAll("option")].some((o) => o.value === place.kind)) {
      (form.querySelector("select") as HTMLSelectElement).add(new Option(place.kind));
    }
    field("kind").value = place?.kind ?? "community";
    field("area").value = place?.area ?? "";
    field("aliases").value = (place?.aliases ?? []).join("\n");
    (form.querySelector("[data-why]") as HTMLElement).textContent = "";
    dialog.showModal();
  }
  const shown = (button: Element): Place =>
    JSON.parse(button.closest<HTMLElement>("[data-place]")?.dataset["place"] ?? "{}") as Place;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const body = {
      name: field("name").value,
      kind: field("kind").value,
      area: field("area").value || null,
      aliases: splitList(field("aliases").value, /\n/),
    };
    save(form, async () => {
      if (editing) await write("PUT", `/api/places/${editing.id}`, body, version);
      else await write("POST", "/api/places", body, version);
      location.reload();
    });
  });
  form.querySelector("[data-close]")?.addEventListener("click", () => dialog.close());
  document.getElementById("add-place")?.addEventListener("click", () => open(null));
  section.addEventListener("click", (event) => {
    const button = (event.target as Element).closest("button");
    if (button?.matches("[data-change]")) open(shown(button));
    const question = button?.dataset["remove"];
    if (!button || !question || !window.confirm(question)) return;
    save(section, async () => {
      await write("DELETE", `/api/places/${shown(button).id}`, {}, version);
      location.reload();
    });
  });
  registerKeys(say("settings.keys"), [
    { key: "/", label: say("settings.key_find"), act: () => document.getElementById("find")?.focus() },
    { key: "n", label: say("settings.key_add"), act: () => open(null) },
  ]);
}

function describe(value: Value | null): string {
  const kind = value ? say(`settings.kind_${value.kind}`) : "";
  return value ? [kind.startsWith("settings.") ? value.kind : kind, value.area, value.aliases.join("|")].filter(Boolean).join(" · ") : "–";
}

function initImport(section: HTMLElement): void {
  const form = section.querySelector("form") as HTMLFormElement;
  const shown = document.getElementById("shown") as HTMLElement;
  const leave = document.getElementById("leave") as HTMLElement;
  const box = leave.querySelector("input") as HTMLInputElement;
  const confirm = document.getElementById("confirm") as HTMLButtonElement;
  let file: File | null = null;
  let found: Preview | null = null;

  const mode = () => new FormData(form).get("mode") as string;

  function row(line: string, what: string, name: string, before: string, after: string, reasons: string[]): void {
    const made = document.createElement("tr");
    for (const text of [line, say(`settings.${what}`), name, before, after, reasons.join("；")]) {
      made.insertCell().textContent = text;
    }
    made.cells[0]?.classList.add("number");
    made.cells[1]?.classList.add(`what-${what}`);
    shown.querySelector("tbody")?.append(made);
  }

  function show(preview: Preview): void {
    shown.querySelector("tbody")?.replaceChildren();
    for (const line of preview.lines) {
      const reasons = line.sounds_like.map((other) =>
        say(other.exactly ? "settings.exactly" : "settings.nearly", { name: other.name }),
      );
      if (line.wrong) reasons.unshift(line.wrong[document.documentElement.lang] ?? line.wrong["en"] ?? "");
      const after = line.what === "wrong" ? "–" : describe(line.after);
      row(String(line.line), line.what, line.name || "–", describe(line.before), after, reasons);
    }
    for (const gone of preview.removed) row("–", "removed", gone.name, describe(gone.before), "–", []);
    const { add, change, remove, wrong } = preview.counts;
    (document.getElementById("counts") as HTMLElement).textContent = say("settings.counts", preview.counts);
    (document.getElementById("cut") as HTMLElement).hidden = Math.max(add, change, remove, wrong) <= 300;
    leave.hidden = wrong === 0;
    box.checked = false;
    allow();
    shown.hidden = false;
    shown.focus();
  }

  function allow(): void {
    if (!found) return;
    const { add, change, remove, wrong } = found.counts;
    confirm.disabled = add + change + remove === 0 || (wrong > 0 && !box.checked);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    file = (form.elements.namedItem("file") as HTMLInputElement).files?.[0] ?? null;
    save(form, async () => {
      found = await write<Preview & Record<string, unknown>>("POST", `/api/places/preview?mode=${mode()}`, file);
      show(found);
    });
  });
  form.addEventListener("change", () => (shown.hidden = true));
  box.addEventListener("change", allow);
  confirm.addEventListener("click", () => {
    save(shown, async () => {
      const url = `/api/places/import?mode=${mode()}&leave_out_wrong=${box.checked}`;
      await write("POST", url, file, found?.version);
      location.assign("/desk/settings");
    });
  });
}

function initTexts(section: HTMLElement): void {
  const form = section.querySelector("form") as HTMLFormElement;
  const url = `/api/catalogue/${section.dataset["code"]}`;
  const version = Number(section.dataset["version"]);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const body: Record<string, unknown> = {};
    for (const [name, value] of new FormData(form)) {
      const path = name.split(".");
      const last = path.pop() as string;
      let node = body;
      for (const part of path) node = (node[part] ??= {}) as Record<string, unknown>;
      node[last] = value;
    }
    body["deadline_minutes"] = Math.max(1, Math.round(Number(body["hours"]) * 60));
    delete body["hours"];
    save(form, async () => {
      await write("PUT", url, body, version);
      location.reload();
    });
  });
  const reset = document.getElementById("reset-text");
  reset?.addEventListener("click", () => {
    if (!window.confirm(reset.dataset["sure"])) return;
    save(form, async () => {
      await write("DELETE", url, {}, version);
      location.reload();
    });
  });
}

function initHistory(section: HTMLElement): void {
  section.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-undo]");
    if (!button || !window.confirm(button.dataset["sure"])) return;
    save(section, async () => {
      await write("POST", `/api/edits/${button.dataset["undo"]}/undo`, {}, Number(button.dataset["version"]));
      location.reload();
    });
  });
}

const parts = { places: initPlaces, import: initImport, routing: initRoutingRules, text: initTexts, history: initHistory };
for (const [id, init] of Object.entries(parts)) {
  const section = root?.querySelector<HTMLElement>(`section#${id}`);
  if (section) init(section);
}
