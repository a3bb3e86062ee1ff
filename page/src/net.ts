// Requests to our own server, each with a time limit.

const TIMEOUT_MS = 20_000;

export class Refused extends Error {
  constructor(
    readonly status: number,
    /** Our server's code of the problem; empty when a proxy or gateway answered. */
    readonly code: string,
  ) {
    super(code);
  }
}

/** Whether the server answered that it can't now (429 or 5xx): there is a connection. */
export const isBusy = (status: number): boolean => status === 429 || status >= 500;

/** `fetch`, then `read` its body; both together may take `ms` milliseconds. Rejects after that time
 *  and when the network fails. */
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

/** GET `url`, or POST `body` to it as JSON; resolves with the JSON of the answer. Rejects with
 *  `Refused` when the status is no success. */
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
    // A gateway answered with a page of its own, such as a hotel's network.
    if (answer.ok) throw new Error("not JSON");
  }
  if (!answer.ok) throw new Refused(answer.status, String((json as { code?: string }).code || ""));
  return json as T;
}
