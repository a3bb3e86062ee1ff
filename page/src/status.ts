// The status of a request: a stream of events, or polling where the stream does not get through.

import { ask, Refused } from "./net";
import type { When } from "./time_prompts";

export interface Status {
  tracking_number: string;
  status: string;
  sentence: string;
  emergency: boolean;
  dial: string[];
  understood: {
    category: string;
    category_code?: string;
    sentence: string;
    when?: When | null;
  } | null;
  may_confirm: boolean;
  may_rate: boolean;
  rating: number | null;
  received_at: string;
  human_phone: string | null;
}

const POLL_MS = 5_000;

export const readStatus = (key: string): Promise<Status> => ask<Status>(`/api/s/${key}`);

/** The sentence without "Number 3-0472-6:" at its start: the page shows the number beside it. */
export function sentenceWithoutNumber(status: Status): string {
  const end = status.sentence.search(/[:：]/);
  if (status.sentence.slice(0, Math.max(end, 0)).indexOf(status.tracking_number) < 0) {
    return status.sentence;
  }
  const rest = status.sentence.slice(end + 1).trim();
  return rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** Calls `changed` with each new state until the returned function is called. */
export function followStatus(key: string, changed: (status: Status) => void): () => void {
  let over = false;
  let clock = 0;
  let last = "";
  let stream: EventSource | null = null;
  let streaming = false;

  const tell = (text: string) => {
    if (over || text === last) return;
    last = text;
    changed(JSON.parse(text) as Status);
  };
  const end = () => {
    over = true;
    clearTimeout(clock);
    if (stream) stream.close();
  };
  const poll = async () => {
    try {
      tell(JSON.stringify(await readStatus(key)));
    } catch (error) {
      if (error instanceof Refused && error.status === 404 && error.code) end();
    }
    clearTimeout(clock);
    if (!over && !streaming) clock = window.setTimeout(poll, POLL_MS);
  };
  if (typeof EventSource === "undefined") {
    poll();
    return end;
  }
  stream = new EventSource(`/api/s/${key}/events`);
  stream.addEventListener("status", (event) => tell((event as MessageEvent).data as string));
  stream.onopen = () => {
    streaming = true;
    clearTimeout(clock);
  };
  stream.onerror = () => {
    // The browser reconnects by itself; meanwhile, and where it can't, poll.
    streaming = false;
    clearTimeout(clock);
    clock = window.setTimeout(poll, POLL_MS);
  };
  return end;
}
