// "Right" and "not right" to what was read back. An answer of hers stays on the phone until the
// server has it, also when she closes the page.

import { ask, isBusy, Refused } from "./net";
import { keepRequest, requests, type Kept } from "./store";

export type Answer = "right" | "not-right";

/** Write her answer down; `sendAnswers` brings it over. */
export function keepAnswer(request: Kept, answer: Answer): Promise<void> {
  return keepRequest({ ...request, answer }).then(undefined, () => undefined); // then in memory
}

/** Bring over what she answered; throws when something of it must wait. */
export async function sendAnswers(): Promise<void> {
  let failed: unknown = null;
  for (const kept of await requests()) {
    if (!kept.answer) continue;
    try {
      await ask(`/api/s/${kept.status_key}/${kept.answer}`, {}).then(undefined, settled);
      const { answer: _, ...told } = kept;
      await keepRequest(told);
    } catch (error) {
      failed = error;
    }
  }
  if (failed) throw failed;
}

/** Our server will never take it: the request has ended meanwhile. */
function settled(error: unknown): void {
  if (!(error instanceof Refused) || !error.code || isBusy(error.status)) throw error;
}
