import { useEffect, useState } from "react";

/** The time, milliseconds since the epoch, each second anew while it is needed. */
export function useNow(isNeeded = true): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isNeeded) return undefined;
    const timer = setInterval(() => {
      setNow(Date.now());
    }, 1000);
    return () => {
      clearInterval(timer);
    };
  }, [isNeeded]);
  return now;
}
