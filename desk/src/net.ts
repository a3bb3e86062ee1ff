// Writes to the operators' API, with the page's CSRF token and the version that was seen.

import { say, tell } from "./words";

const csrf = document.querySelector<HTMLMetaElement>('meta[name="csrf"]')?.content ?? "";

/** An answer that is no 2xx; `body` is the problem document (with the current state for a 412). */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    sentence: string,
    readonly body: Record<string, unknown>,
  ) {
    super(sentence);
  }
}

/** Send JSON, or a file as CSV; resolves with the answer's JSON. Rejects with `Refused`, or with a
 *  TypeError when the server could not be reached. */
export async function write<T = Record<string, unknown>>(
  method: string,
  url: string,
  body: unknown = {},
  version?: number,
): Promise<T> {
  const headers: Record<string, string> = {
    "X-CSRF-Token": csrf,
    "Content-Type": body instanceof Blob ? "text/csv" : "application/json",
    Accept: "application/json",
  };
  if (version !== undefined) headers["If-Match"] = `"${version}"`;
  const answer = await fetch(url, {
    method,
    headers,
    body: body instanceof Blob ? body : JSON.stringify(body),
    credentials: "same-origin",
  });
  const text = await answer.text();
  const found = (text && answer.headers.get("content-type")?.includes("json")
    ? JSON.parse(text)
    : {}) as Record<string, unknown>;
  if (answer.status === 401) location.assign(`/desk/sign-in?next=${encodeURIComponent(location.pathname)}`);
  if (!answer.ok) {
    throw new Refused(answer.status, String(found["code"] ?? ""), String(found["title"] ?? answer.status), found);
  }
  return found as T;
}

/** The reason in words: `desk.js.problem_<code>` where there is one, else the server's sentence. */
export function why(error: unknown): string {
  if (error instanceof TypeError) return say("offline"); // fetch could not reach the server
  if (!(error instanceof Refused)) return String(error);
  const key = `problem_${error.code}`;
  const told = say(key);
  return told === key ? error.message : told;
}

/** Do `work` and show its error, if any. Resolves with whether it worked. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    tell(say("not_saved", { why: why(error) }), true);
    return false;
  }
}
