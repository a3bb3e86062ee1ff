// A lock for each recording: of all open pages and the service worker, one uploads it. Where the
// browser has no locks, several may try; the server still takes the recording once.

interface Locks {
  request(
    name: string,
    options: { signal: AbortSignal },
    work: () => Promise<void>,
  ): Promise<void>;
}

const locks = (self.navigator as unknown as { locks?: Locks }).locks;

export const hasLocks = Boolean(locks);

/** Do `work` while holding the lock of this recording. Resolves with false when another page held
 *  it for all of `ms` milliseconds; rejects with what `work` throws. */
export async function withUploadLock(
  key: string,
  ms: number,
  work: () => Promise<void>,
): Promise<boolean> {
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
