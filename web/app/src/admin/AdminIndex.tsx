import { Navigate } from "react-router";
import { useIsWide } from "../account/useIsWide.js";
import { useMessages } from "../messages/catalogue.js";
import { PageHead } from "../ui/PageHead.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { AdminNavigation } from "./AdminNavigation.js";
import { useAdministrator } from "./AdminPage.js";
import { sectionsOf } from "./sections.js";
import { useAdminMessages } from "./useAdminMessages.js";

/** The list of administrators' pages, where there is no room for it beside them; else the first of them. */
export function AdminIndex() {
  const messages = useMessages();
  const texts = useAdminMessages();
  const user = useAdministrator();
  usePageTitle(`${texts.title} · ${messages.product}`);
  const [first] = sectionsOf(user);
  if (useIsWide() && first !== undefined) return <Navigate to={first.path} replace />;
  return (
    <>
      <PageHead title={texts.title} />
      <AdminNavigation user={user} isPage />
    </>
  );
}
