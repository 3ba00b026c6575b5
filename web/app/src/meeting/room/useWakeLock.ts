import { useEffect } from "react";

/** Keeps the screen on while one is in a meeting, where the browser can. */
export function useWakeLock(): void {
  useEffect(() => {
    const { wakeLock } = navigator as { wakeLock?: WakeLock };
    if (wakeLock === undefined) return undefined;
    let lock: Promise<WakeLockSentinel | null> = Promise.resolve(null);
    const request = () => {
      // Refused on low battery, for instance: then the screen goes dark as it always does.
      if (document.visibilityState === "visible") lock = wakeLock.request("screen").catch(() => null);
    };
    request();
    // The browser takes the lock back whenever the page is hidden.
    document.addEventListener("visibilitychange", request);
    return () => {
      document.removeEventListener("visibilitychange", request);
      void lock.then((held) => held?.release());
    };
  }, []);
}
