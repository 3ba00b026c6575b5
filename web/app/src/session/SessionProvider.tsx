import type { ParleyApi } from "@parley/sdk";
import { useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from "react";
import { SessionContext } from "./session.js";

/** Who is logged in, for all pages. */
export function SessionProvider({ api, children }: { readonly api: ParleyApi; readonly children: ReactNode }) {
  const [status, setStatus] = useState<"unknown" | "known">("unknown");
  const user = useSyncExternalStore(
    (listener) => api.onUserChange(listener),
    () => api.user,
  );
  useEffect(() => {
    let isCurrent = true;
    const done = () => {
      if (isCurrent) setStatus("known");
    };
    // A server that cannot be reached is told by the first page that needs it.
    api.restore().then(done, done);
    return () => {
      isCurrent = false;
    };
  }, [api]);
  const session = useMemo(() => ({ api, user, status }), [api, user, status]);
  return <SessionContext value={session}>{children}</SessionContext>;
}
