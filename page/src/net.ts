// Questions to our own server, none of which may hang for ever.

const PATIENCE = 20_000;

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }
}

/** `fetch` that gives up; a network failure and a timeout both reject. */
export function request(url: string, init: RequestInit = {}, ms = PATIENCE): Promise<Response> {
  const stop = typeof AbortController === "undefined" ? null : new AbortController();
  let clock = 0;
  const late = new Promise<Response>((_, reject) => {
    clock = self.setTimeout(() => {
      reject(new Error("late"));
      if (stop) stop.abort();
    }, ms);
  });
  const asked: RequestInit = { credentials: "same-origin", cache: "no-store", ...init };
  if (stop) asked.signal = stop.signal;
  const done = Promise.race([fetch(url, asked), late]);
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
  const answer = await request(url, init);
  const text = await answer.text();
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
