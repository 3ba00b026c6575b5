import type { ParleyApi, SessionEnd, User } from "@parley/sdk";
import { useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from "react";
import { SessionContext } from "./session.js";
import { isRemembered, remember } from "./signed-in-before.js";

/** Who is logged in, for all pages. */
export function SessionProvider({ api, children }: { readonly api: ParleyApi; readonly children: ReactNode }) {
  const [status, setStatus] = useState<"unknown" | "known">("unknown");
  const [signedOut, setSignedOut] = useState<SessionEnd | null>(null);
  const user = useSyncExternalStore(
    (listener) => api.onUserChange(listener),
    () => api.user,
  );
  useEffect(() => {
    let isCurrent = true;
    const unsubscribe = api.onUserChange((now) => {
      remember(now !== null);
      setSignedOut(api.sessionEnd);
    });
    const done = () => {
      if (isCurrent) setStatus("known");
    };
    const restored = (found: User | null) => {
      // Who has never been signed in here has not been signed out.
      if (found === null && isRemembered()) {
        remember(false);
        setSignedOut(api.sessionEnd);
      }
      done();
    };
    // A server that cannot be reached is told by the first page that needs it.
    api.restore().then(restored, done);
    return () => {
      isCurrent = false;
      unsubscribe();
    };
  }, [api]);
  const session = useMemo(() => ({ api, user, status, signedOut }), [api, user, status, signedOut]);
  return <SessionContext value={session}>{children}</SessionContext>;
}
