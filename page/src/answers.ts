// The resident's "right" or "not right" to what was read back. An answer stays on the phone until
// the server has it, also when the page is closed.

import { ask, isBusy, Refused } from "./net";
import { putRequest, allRequests, type KnownRequest } from "./database";

export type Answer = "right" | "not-right";

/** Store the resident's answer on the phone, which keeps it in memory where that fails. */
export function saveAnswer(request: KnownRequest, answer: Answer): Promise<void> {
  return putRequest({ ...request, answer }).then(undefined, () => undefined);
}

/** Send every stored answer; throws when one must be sent later. */
export async function sendAnswers(): Promise<void> {
  let failed: unknown = null;
  for (const kept of await allRequests()) {
    if (!kept.answer) continue;
    try {
      await ask(`/api/s/${kept.status_key}/${kept.answer}`, {}).then(undefined, throwUnlessFinal);
      const { answer: _, ...told } = kept;
      await putRequest(told);
    } catch (error) {
      failed = error;
    }
  }
  if (failed) throw failed;
}

/** Throws unless our server will never take the answer, because the request has ended. */
function throwUnlessFinal(error: unknown): void {
  if (!(error instanceof Refused) || !error.code || isBusy(error.status)) throw error;
}
