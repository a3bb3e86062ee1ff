// The page's words, in its language.

const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement;

const table = JSON.parse(element("words").textContent || "{}") as { [key: string]: string };

export const language = document.documentElement.lang;

/** The words of a key, with each `{name}` replaced by its value. */
export function say(key: string, values: { [name: string]: string | number } = {}): string {
  return (table[key] || key).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
}

/** An element that every version of the page has. */
export { element };
