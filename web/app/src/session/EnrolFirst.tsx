import { Navigate, useLocation } from "react-router";

/** Sends somebody who must have a second factor, and has none, to where they set one up; and back from there. */
export function EnrolFirst() {
  const { pathname } = useLocation();
  return <Navigate to={`/account/security?next=${encodeURIComponent(pathname)}`} replace />;
}
