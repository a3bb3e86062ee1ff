// The scripts' words, in the page's language.

const words = JSON.parse(document.getElementById("words")?.textContent || "{}") as Record<string, string>;

/** The text of `desk.js.<key>`, with each `{name}` replaced by its value. */
export function say(key: string, values: Record<string, string | number> = {}): string {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** Show a message in the corner for 8 s, and announce it to screen readers. */
export function tell(text: string, wrong = false): void {
  const place = document.getElementById("say");
  if (!place) return;
  place.textContent = text;
  place.classList.toggle("wrong", wrong);
  place.classList.add("shown");
  clearTimeout(Number(place.dataset["timer"]));
  place.dataset["timer"] = String(window.setTimeout(() => place.classList.remove("shown"), 8000));
}
