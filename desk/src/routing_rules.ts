// The settings' routing rules: edited and ordered by keyboard, tried out before they are saved.

import { registerKeys } from "./keys";
import { write } from "./net";
import { save, splitList } from "./settings_form";
import { say, tell } from "./words";

interface Rule {
  backend: string;
  category: string[] | null;
  area: string[] | null;
  urgency: string[] | null;
  note: string | null;
}
interface Outcome extends Record<string, unknown> {
  because: string;
  known: boolean;
  category_name: string | null;
  place?: string | null;
  area: string | null;
  urgency: string;
  assistant?: boolean;
  review?: string[];
  steps: { rule: number; backend: string; why: string | null }[];
}

function chosen(row: Element, name: string): string[] | null {
  const values = [...row.querySelectorAll<HTMLInputElement>(`input[name="${name}"]:checked`)].map((box) => box.value);
  return values.length ? values : null;
}

function read(row: Element): Rule {
  const value = (selector: string) => (row.querySelector(selector) as HTMLInputElement).value;
  const areas = splitList(value('input[name="area"]'), /[,，、]/);
  return {
    backend: value('select[name="backend"]'),
    category: chosen(row, "category"),
    area: areas.length ? areas : null,
    urgency: chosen(row, "urgency"),
    note: value('input[name="note"]').trim() || null,
  };
}

export function initRoutingRules(section: HTMLElement): void {
  const version = Number(section.dataset["version"]);
  const list = section.querySelector("ol") as HTMLOListElement;
  const unsaved = document.getElementById("unsaved") as HTMLElement;
  const rules = () => [...list.children].map(read);
  const held = JSON.stringify(rules());
  const dirty = () => JSON.stringify(rules()) !== held;
  let leaving = false;

  function update(): void {
    [...list.children].forEach((row, index) => {
      (row.querySelector("[data-number]") as HTMLElement).textContent = String(index + 1);
      const last = index === list.children.length - 1;
      (row.querySelector('[data-move="-1"]') as HTMLButtonElement).disabled = index === 0;
      (row.querySelector('[data-move="1"]') as HTMLButtonElement).disabled = last;
      const boxes = [...row.querySelectorAll<HTMLInputElement>('input[name="category"]:checked')];
      const names = boxes.map((box) => box.parentElement?.textContent?.trim() ?? "");
      (row.querySelector("[data-chosen]") as HTMLElement).textContent = names.join(", ") || say("settings.any");
    });
    unsaved.textContent = dirty() ? say("settings.unsaved") : "";
  }

  function move(row: Element, by: number, button: HTMLButtonElement): void {
    if (by < 0) row.previousElementSibling?.before(row);
    else row.nextElementSibling?.after(row);
    update();
    // At an end of the list the button is disabled: focus the other one of the same rule.
    (button.disabled ? row.querySelector<HTMLElement>(`[data-move="${-by}"]`) : button)?.focus();
    tell(say("settings.moved", { n: [...list.children].indexOf(row) + 1 }));
  }

  list.addEventListener("click", (event) => {
    const button = (event.target as Element).closest("button");
    const row = button?.closest("li");
    if (!button || !row) return;
    if (button.dataset["move"]) move(row, Number(button.dataset["move"]), button);
    if ("drop" in button.dataset) {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      update();
      (next?.querySelector<HTMLElement>("[data-drop]") ?? document.getElementById("add-rule"))?.focus();
    }
  });
  list.addEventListener("input", update);
  document.getElementById("add-rule")?.addEventListener("click", () => {
    const template = document.getElementById("rule") as HTMLTemplateElement;
    list.append(template.content.cloneNode(true));
    update();
    list.lastElementChild?.querySelector("summary")?.focus();
  });

  function send(method: string, body: unknown): void {
    save(section, async () => {
      await write(method, "/api/routing-rules", body, version);
      leaving = true;
      location.reload();
    });
  }
  document.getElementById("save-rules")?.addEventListener("click", () => send("PUT", { rules: rules() }));
  const reset = document.getElementById("reset-rules");
  reset?.addEventListener("click", () => {
    if (window.confirm(reset.dataset["sure"])) send("DELETE", {});
  });
  window.addEventListener("beforeunload", (event) => {
    if (dirty() && !leaving) event.preventDefault();
  });
  registerKeys(say("settings.keys"), [
    { key: "Ctrl+s", label: say("settings.key_save"), typing: true, act: () => send("PUT", { rules: rules() }) },
  ]);
  update();
  initTrial(document.getElementById("try") as HTMLElement, rules);
}

function initTrial(section: HTMLElement, rules: () => Rule[]): void {
  const form = section.querySelector("form") as HTMLFormElement;
  const outcome = document.getElementById("outcome") as HTMLElement;
  const how = () => new FormData(form).get("how") as string;

  form.addEventListener("change", () => {
    for (const part of form.querySelectorAll<HTMLElement>("[data-how]")) part.hidden = part.dataset["how"] !== how();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = new FormData(form);
    const value = (name: string) => String(given.get(name) ?? "").trim() || null;
    const about: Record<string, unknown> =
      how() === "kind"
        ? { category: value("category"), area: value("area"), urgency: value("urgency") }
        : { [how()]: value(how()) };
    save(section, async () => {
      outcome.replaceChildren();
      show(outcome, await write<Outcome>("POST", "/api/routing-rules/try", { ...about, rules: rules() }), how());
    });
  });
}

function show(place: HTMLElement, found: Outcome, how: string): void {
  const line = (name: "p" | "strong" | "li", text: string) => {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  };
  const head = document.createElement("p");
  head.append(line("strong", found.because));
  place.append(head);
  if (!found.known) place.append(line("p", say("settings.unknown_backend")));
  if (how !== "kind") {
    const none = say("settings.none");
    const { category_name: category, area, place: where } = found;
    const urgency = say(`settings.urgency_${found.urgency}`);
    const values = { category: category ?? none, place: where ?? none, area: area ?? none, urgency };
    place.append(line("p", say("settings.read", values)));
  }
  if (found.assistant === false) place.append(line("p", say("settings.silent")));
  if (found.review) {
    place.append(line("p", say(found.review.length ? "settings.review" : "settings.sure")));
    const reasons = document.createElement("ul");
    reasons.append(...found.review.map((reason) => line("li", reason)));
    if (found.review.length) place.append(reasons);
  }
  const steps = document.createElement("ol");
  for (const { rule, backend, why } of found.steps) {
    steps.append(line("li", say("settings.step", { rule, backend, why: why ?? say("settings.fits") })));
  }
  if (found.steps.length) place.append(steps);
}
