import { useSession } from "../session/session.js";
import { Spinner } from "../ui/Spinner.js";
import { HomePage } from "./HomePage.js";
import { SignInPage } from "./SignInPage.js";

/** One's meetings, or the way in. */
export function StartPage() {
  const { user, status } = useSession();
  if (user !== null) return <HomePage user={user} />;
  if (status === "unknown") return <Spinner />;
  return <SignInPage form="sign-in" />;
}
