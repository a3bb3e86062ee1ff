// Keep the screen on during a recording, where the phone lets a page ask for that: on many phones a
// dark screen ends a recording.

interface Lock {
  release(): Promise<void>;
}
type WakeLockNavigator = { wakeLock?: { request(what: "screen"): Promise<Lock> } };

/** Keep the screen on; the returned function lets the phone turn it off. */
export function keepScreenOn(): () => void {
  const { wakeLock } = navigator as unknown as WakeLockNavigator;
  if (!wakeLock) return () => undefined;
  let over = false;
  let held: Lock | null = null;
  const letGo = () => {
    if (held) held.release().then(undefined, () => undefined);
    held = null;
  };
  const hold = () => {
    if (over || document.hidden) return;
    wakeLock.request("screen").then(
      (lock) => {
        letGo();
        held = lock;
        if (over) letGo();
      },
      () => undefined, // refused, for example when the battery is low
    );
  };
  document.addEventListener("visibilitychange", hold); // the lock ends when the page is hidden
  hold();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", hold);
    letGo();
  };
}
