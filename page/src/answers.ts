// "Right" and "not right" to what was read back. An answer of hers stays on the phone until the
// server has it, also when she closes the page.

import { ask, isBusy, Refused } from "./net";
import { putRequest, allRequests, type KnownRequest } from "./database";

export type Answer = "right" | "not-right";

/** Write her answer down; `sendAnswers` brings it over. */
export function saveAnswer(request: KnownRequest, answer: Answer): Promise<void> {
  return putRequest({ ...request, answer }).then(undefined, () => undefined); // then in memory
}

/** Bring over what she answered; throws when something of it must wait. */
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

/** Our server will never take it: the request has ended meanwhile. */
function throwUnlessFinal(error: unknown): void {
  if (!(error instanceof Refused) || !error.code || isBusy(error.status)) throw error;
}
