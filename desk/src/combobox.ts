// A field with choices (an ARIA combobox): type to search, arrows to move, Enter to choose.

export interface Choice {
  value: string;
  shown: string;
  hint?: string;
}

export interface Combobox {
  /** Await a running search and choose its first result, if the list is open. */
  settle(): Promise<void>;
}

/** Make `input` a combobox: `find` gives the choices for a text, `picked` is called with the chosen
 *  one. */
export function attachCombobox(
  input: HTMLInputElement,
  find: (typed: string) => Choice[] | Promise<Choice[]>,
  picked: (choice: Choice) => void,
): Combobox {
  const list = document.createElement("ul");
  list.id = `${input.id}-choices`;
  list.className = "choices";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels?.[0]?.textContent?.trim() ?? input.name);
  list.hidden = true;
  input.after(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");

  let choices: Choice[] = [];
  let active = -1;
  let asked = 0;
  let searching: Promise<void> = Promise.resolve();

  function close(): void {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(index: number): void {
    active = index;
    [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === index)));
    const item = list.children[index];
    if (item) {
      input.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    }
  }

  function take(index: number): void {
    const choice = choices[index];
    close();
    if (choice) picked(choice);
  }

  async function search(): Promise<void> {
    const mine = ++asked;
    const found = await find(input.value.trim());
    if (mine !== asked) return;
    choices = found;
    list.replaceChildren(
      ...found.map((choice, n) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${n}`;
        item.setAttribute("role", "option");
        item.textContent = choice.shown;
        if (choice.hint) {
          const hint = document.createElement("span");
          hint.className = "soft";
          hint.textContent = ` ${choice.hint}`;
          item.append(hint);
        }
        item.addEventListener("mousedown", (event) => event.preventDefault());
        item.addEventListener("click", () => take(n));
        return item;
      }),
    );
    if (!found.length) return close();
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(0);
  }

  async function settle(): Promise<void> {
    await searching.catch(() => undefined);
    if (!list.hidden && active >= 0) take(active);
  }

  input.addEventListener("input", () => {
    searching = search();
    searching.catch(() => close());
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) searching = search();
      else if (choices.length) mark((active + (event.key === "ArrowDown" ? 1 : choices.length - 1)) % choices.length);
    } else if (event.key === "Enter" && !list.hidden && active >= 0 && !event.ctrlKey) {
      event.preventDefault(); // or Enter would submit the form
      take(active);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  input.addEventListener("blur", () => void settle());
  return { settle };
}
