// A household's own link: greeted by name, and its requests, which family sees too.

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
  /** Her name, at first as the phone remembers it; null when the link is no longer in use. */
  name(name: string | null): void;
  /** The household of the page's address, or null when it has none. Said twice: at once, and when
   *  more is known. */
  ready(household: Household | null): void;
  /** May the page be left for the same in another language? Not while she speaks. */
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
  ready(household); // what she says before the answer is here is her household's too
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

/** The sheet was made for somebody who reads another language; her own choice goes before it. */
function speaksOtherLanguage(wanted: string | null): boolean {
  if (!wanted || wanted === language || /[?&]lang=/.test(location.search)) return false;
  if (/(^|; )lang=/.test(document.cookie)) return false;
  if (!document.querySelector(`a[hreflang="${wanted}"]`)) return false;
  location.replace(`?lang=${wanted}`);
  return true;
}
