// Questions to our own server, none of which may hang for ever.

const TIMEOUT_MS = 20_000;

export class Refused extends Error {
  constructor(
    readonly status: number,
    /** Our server's name for the problem; empty when something in between answered. */
    readonly code: string,
  ) {
    super(code);
  }
}

/** Did the other side answer that it can't just now? Then there is a connection. */
export const isBusy = (status: number): boolean => status === 429 || status >= 500;

/** `fetch`, and its body as `read` takes it, that give up together after `ms`; a network failure and
 *  a time-out both reject. */
export function request<T>(
  url: string,
  init: RequestInit,
  read: (answer: Response) => Promise<T>,
  ms = TIMEOUT_MS,
): Promise<T> {
  const stop = typeof AbortController === "undefined" ? null : new AbortController();
  let clock = 0;
  const late = new Promise<T>((_, reject) => {
    clock = self.setTimeout(() => {
      reject(new Error("late"));
      if (stop) stop.abort();
    }, ms);
  });
  const asked: RequestInit = { credentials: "same-origin", cache: "no-store", ...init };
  if (stop) asked.signal = stop.signal;
  const done = Promise.race([fetch(url, asked).then(read), late]);
  const rest = () => clearTimeout(clock);
  done.then(rest, rest);
  return done;
}

/** A JSON answer; throws `Refused` with the status and the problem's code when it is no success. */
export async function ask<T>(url: string, body?: object): Promise<T> {
  const init: RequestInit = { headers: { Accept: "application/json" } };
  if (body) {
    init.method = "POST";
    init.headers = { Accept: "application/json", "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const [answer, text] = await request(url, init, async (a): Promise<[Response, string]> => [
    a,
    await a.text(),
  ]);
  let json: unknown = {};
  try {
    json = JSON.parse(text);
  } catch (_) {
    // Something in between answered with a page of its own, such as a hotel's network.
    if (answer.ok) throw new Error("not JSON");
  }
  if (!answer.ok) throw new Refused(answer.status, String((json as { code?: string }).code || ""));
  return json as T;
}
