// Of the pages and the worker that may all see a recording on the phone, one brings it over. Where
// the browser has no locks, several may try, and the server still takes it once.

interface Locks {
  request(
    name: string,
    options: { signal: AbortSignal },
    work: () => Promise<void>,
  ): Promise<void>;
}

const locks = (self.navigator as unknown as { locks?: Locks }).locks;

export const hasLocks = Boolean(locks);

/** Do `work` as the only one who has this recording. Resolves with false when somebody else had it
 *  for all of `ms`; rejects with what `work` throws. */
export async function withUploadLock(key: string, ms: number, work: () => Promise<void>): Promise<boolean> {
  if (!locks) return work().then(() => true);
  const name = `recording-${key}`;
  let acquired = false;
  const stop = new AbortController();
  const clock = setTimeout(() => stop.abort(), ms);
  const begin = (): Promise<void> => {
    clearTimeout(clock);
    acquired = true;
    return work();
  };
  await locks.request(name, { signal: stop.signal }, begin).then(undefined, (error) => {
    if (acquired) throw error;
  });
  return acquired;
}
