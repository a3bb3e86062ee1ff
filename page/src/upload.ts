// One attempt to upload a recording over the tus protocol, which goes on where the last one ended.
// Runs in the page and in its service worker, so it uses fetch and never XMLHttpRequest.

import type { HttpRequest, HttpResponse, HttpStack, UploadOptions } from "tus-js-client";
import BaseUpload from "tus-js-client/lib/upload.js";

import { ask, isBusy, Refused, request } from "./net";
import { deleteRecording, putRequest, type KnownRequest } from "./database";
import type { StoredRecording } from "./recording_store";

const ENDPOINT = "/api/uploads/";
const TOO_LARGE = 413;
const PIECE = 64 * 1024;
const PIECE_TIMEOUT_MS = 60_000;
const PAUSE_MS = 700;
const MAX_ASKED = 20;

/** The server will never take this recording: it is too large, or no sound. */
export class UploadRefused extends Error {}

/** There is a connection, but the server can't take the recording now. */
export class ServerBusy extends Error {}

export interface Receipt {
  tracking_number: string;
  status_url: string;
  message: string;
}

type UploadState =
  | ({ state: "received"; bytes: number | null } & Receipt)
  | { state: "partial"; url: string; offset: number }
  | { state: "finishing" };

class TusResponse implements HttpResponse {
  constructor(
    private readonly answer: Response,
    private readonly text: string,
  ) {}
  getStatus(): number {
    return this.answer.status;
  }
  getHeader(name: string): string | undefined {
    return this.answer.headers.get(name) || undefined;
  }
  getBody(): string {
    return this.text;
  }
  getUnderlyingObject(): Response {
    return this.answer;
  }
}

class TusRequest implements HttpRequest {
  private readonly headers: { [name: string]: string } = {};
  constructor(
    private readonly method: string,
    private readonly url: string,
  ) {}
  getMethod(): string {
    return this.method;
  }
  getURL(): string {
    return this.url;
  }
  setHeader(name: string, value: string): void {
    this.headers[name] = value;
  }
  getHeader(name: string): string | undefined {
    return this.headers[name];
  }
  setProgressHandler(): void {
    // fetch doesn't report a request's progress, and the page shows none.
  }
  async send(body: Blob | null = null): Promise<HttpResponse> {
    const init: RequestInit = { method: this.method, headers: this.headers };
    if (body) init.body = body;
    const read = async (a: Response) => new TusResponse(a, await a.text());
    return request(this.url, init, read, PIECE_TIMEOUT_MS);
  }
  abort(): Promise<void> {
    return Promise.resolve();
  }
  getUnderlyingObject(): null {
    return null;
  }
}

const stack: HttpStack = {
  createRequest: (method, url) => new TusRequest(method, url),
  getName: () => "fetch",
};

/** What the server has of a recording; null when it has nothing. */
async function askState(key: string): Promise<UploadState | null> {
  try {
    return await ask<UploadState>(`${ENDPOINT}by-key/${key}`);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 404 && error.code) return null;
    throw isBusy(error.status) ? new ServerBusy() : error;
  }
}

/** Send the rest of an upload that exists (`url`), or begin a new one. */
function sendPieces(stored: StoredRecording, url: string | null): Promise<void> {
  const { key, type, language, household, recorded_at } = stored.meta;
  const metadata: { [name: string]: string } = { key, filetype: type, language, recorded_at };
  if (household) metadata["household"] = household;
  // The length is stated when it is known; else the resident may still be speaking.
  const length = !url && stored.meta.whole ? stored.bytes : null;
  return new Promise((resolve, reject) => {
    const options: UploadOptions = {
      ...BaseUpload.defaultOptions,
      endpoint: new URL(ENDPOINT, self.location.href).href,
      uploadUrl: url && new URL(url, self.location.href).href,
      uploadLengthDeferred: length === null,
      uploadSize: length as number,
      chunkSize: PIECE,
      metadata,
      retryDelays: null as unknown as number[],
      storeFingerprintForResuming: false,
      fingerprint: () => Promise.resolve(key),
      httpStack: stack,
      fileReader: {
        openFile: () =>
          Promise.resolve({
            size: length as number,
            slice: (start: number, end: number) => stored.slice(start, end),
            close: () => undefined,
          }),
      },
      onSuccess: () => resolve(),
      onError: (error) => {
        const answer = "originalResponse" in error ? error.originalResponse : null;
        const status = answer ? answer.getStatus() : 0;
        if (status === TOO_LARGE) reject(new UploadRefused());
        else reject(isBusy(status) ? new ServerBusy() : error);
      },
    };
    new BaseUpload(stored, options).start();
  });
}

/** The server has less than the phone: another page ended the upload, or the phone was offline for
 *  longer than the server waits for the rest. */
const isShort = (state: UploadState, stored: StoredRecording): boolean =>
  state.state === "received" && state.bytes !== null && state.bytes < stored.bytes;

/**
 * Upload a recording. `fresh`: nothing of it was sent before.
 *
 * Resolves with the tracking number when the server has stored all of it. Rejects with
 * `UploadRefused`, `ServerBusy`, or any other error when a later attempt may succeed; that attempt
 * asks the server what it has.
 */
export async function uploadRecording(stored: StoredRecording, fresh: boolean): Promise<Receipt> {
  let state = fresh ? null : await askState(stored.meta.key);
  if (state && state.state === "received") await stored.whole();
  if (!state || isShort(state, stored)) {
    await sendPieces(stored, null);
    state = null;
  } else if (state.state === "partial") {
    stored.arrived = state.offset;
    await sendPieces(stored, state.url);
    state = null;
  }
  for (let asked = 0; asked < MAX_ASKED; asked++) {
    if (!state || asked) state = await askState(stored.meta.key);
    if (state && state.state === "received" && !isShort(state, stored)) return state;
    await new Promise((go) => setTimeout(go, PAUSE_MS));
  }
  throw new Error("not yet");
}

export const statusKeyOf = (statusUrl: string): string => statusUrl.replace(/.*\//, "");

/** What the phone stores about a recording that arrived. */
export const knownRequestOf = (stored: StoredRecording, receipt: Receipt): KnownRequest => ({
  status_key: statusKeyOf(receipt.status_url),
  tracking_number: receipt.tracking_number,
  at: stored.meta.recorded_at,
});

/** Store the tracking number, then delete the recording from the phone. */
export async function finishUpload(stored: StoredRecording, receipt: Receipt): Promise<void> {
  await putRequest(knownRequestOf(stored, receipt));
  await deleteRecording(stored.meta.key);
}
