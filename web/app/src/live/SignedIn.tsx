import type { User } from "@parley/sdk";
import type { ReactNode } from "react";
import { Navigate, useLocation } from "react-router";
import { EnrolFirst } from "../session/EnrolFirst.js";
import { useSession } from "../session/session.js";
import { Spinner } from "../ui/Spinner.js";

/** A page for those who are signed in; others are sent to do so, and come back. */
export function SignedIn({ children }: { readonly children: (user: User) => ReactNode }) {
  const { user, status } = useSession();
  const { pathname, search } = useLocation();
  if (user?.secondFactorRequired === true && !pathname.startsWith("/account")) return <EnrolFirst />;
  if (user !== null) return children(user);
  if (status === "unknown") return <Spinner />;
  return <Navigate to={`/sign-in?next=${encodeURIComponent(pathname + search)}`} replace />;
}
