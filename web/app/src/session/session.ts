import type { ParleyApi, SessionEnd, User } from "@parley/sdk";
import { createContext, use } from "react";

export interface Session {
  readonly api: ParleyApi;
  readonly user: User | null;
  /** `unknown` until the page has found out whether an earlier visit's session still holds. */
  readonly status: "unknown" | "known";
  /** Why somebody who was signed in is so no more, though they have not signed out here. */
  readonly signedOut: SessionEnd | null;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = use(SessionContext);
  if (session === null) throw new Error("No SessionProvider above");
  return session;
}
