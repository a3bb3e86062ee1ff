// A household's own link (/h/<token>): it greets by name and lists the household's requests.

import { statusKeyOf } from "./upload";
import { ask, Refused } from "./net";
import { recall, remember, show, write } from "./screen";
import { language, say } from "./words";

interface Known {
  name: string | null;
  language: string | null;
  requests: Array<{ status_url: string }>;
}

export interface Household {
  token: string;
  keys(): Promise<string[]>;
}

const NAME = "household:";

export interface GreetingEvents {
  /** The resident's name, at first from the phone's memory; null when the link has ended. */
  name(name: string | null): void;
  /** The household of the page's address, or null when it has none. Called twice: at once, and
   *  after the server has answered. */
  ready(household: Household | null): void;
  /** Whether the page may reload in another language: not during a recording. */
  mayLeave(): boolean;
}

export async function greet({ name, ready, mayLeave }: GreetingEvents): Promise<void> {
  const found = /^\/h\/([^/]+)\/?$/.exec(location.pathname);
  const token = found && found[1];
  if (!token) return ready(null);
  const read = () => ask<Known>(`/api/h/${token}`);
  const keys = async () => (await read()).requests.map((r) => statusKeyOf(r.status_url));
  const household = { token, keys: () => keys().then(undefined, () => []) };
  const last = recall(NAME + token);
  if (last) name(last);
  ready(household); // a recording made before the server answers belongs to the household too
  try {
    const known = await read();
    if (mayLeave() && speaksOtherLanguage(known.language)) return;
    if (known.name) {
      remember(NAME + token, known.name);
      name(known.name);
    }
    write("mine-title", say("mine_household"));
  } catch (error) {
    if (error instanceof Refused && error.status === 404 && error.code) {
      remember(NAME + token, null);
      name(null);
      write("link", say("link_gone"));
      show("link");
      return ready(null);
    }
  }
  ready(household);
}

/** Reload in the household's language, unless the resident has chosen one; returns whether. */
function speaksOtherLanguage(wanted: string | null): boolean {
  if (!wanted || wanted === language || /[?&]lang=/.test(location.search)) return false;
  if (/(^|; )lang=/.test(document.cookie)) return false;
  if (!document.querySelector(`a[hreflang="${wanted}"]`)) return false;
  location.replace(`?lang=${wanted}`);
  return true;
}
