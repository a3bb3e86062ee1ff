// The screen stays on while she speaks, where the phone lets a page ask for that: a dark screen ends
// a recording on many phones.

interface Lock {
  release(): Promise<void>;
}
type WakeLockNavigator = { wakeLock?: { request(what: "screen"): Promise<Lock> } };

/** Returns what lets the phone go to sleep again. */
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
      () => undefined, // a low battery, say
    );
  };
  document.addEventListener("visibilitychange", hold); // going out of sight has ended it
  hold();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", hold);
    letGo();
  };
}
