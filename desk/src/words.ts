// What scripts say, in the language of the page.

const words = JSON.parse(document.getElementById("words")?.textContent || "{}") as Record<string, string>;

/** The text of `desk.js.<key>`, filled in. */
export function say(key: string, values: Record<string, string | number> = {}): string {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** Tell it in the corner and to screen readers, for a while. */
export function tell(text: string, wrong = false): void {
  const place = document.getElementById("say");
  if (!place) return;
  place.textContent = text;
  place.classList.toggle("wrong", wrong);
  place.classList.add("shown");
  clearTimeout(Number(place.dataset["timer"]));
  place.dataset["timer"] = String(window.setTimeout(() => place.classList.remove("shown"), 8000));
}
