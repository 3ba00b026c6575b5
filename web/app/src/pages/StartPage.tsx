import { DashboardPage } from "../dashboard/DashboardPage.js";
import { EnrolFirst } from "../session/EnrolFirst.js";
import { useSession } from "../session/session.js";
import { Spinner } from "../ui/Spinner.js";
import { SignInPage } from "./SignInPage.js";

/** One's meetings, or the way in. */
export function StartPage() {
  const { user, status } = useSession();
  if (user?.secondFactorRequired === true) return <EnrolFirst />;
  if (user !== null) return <DashboardPage user={user} />;
  if (status === "unknown") return <Spinner />;
  return <SignInPage form="sign-in" />;
}
