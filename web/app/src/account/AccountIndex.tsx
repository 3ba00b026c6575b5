import { Navigate } from "react-router";
import { useMessages } from "../messages/catalogue.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { AccountNavigation } from "./AccountNavigation.js";
import { useAccountUser } from "./AccountPage.js";
import styles from "./AccountIndex.module.css";
import { sectionPath } from "./sections.js";
import { useIsWide } from "./useIsWide.js";

/** The list of the account's pages, where there is no room for it beside them; else the first of them. */
export function AccountIndex() {
  const messages = useMessages();
  const user = useAccountUser();
  usePageTitle(`${messages.account.title} · ${messages.product}`);
  if (useIsWide()) return <Navigate to={sectionPath("profile")} replace />;
  return (
    <div>
      <h1 className={styles.title}>{messages.account.title}</h1>
      <AccountNavigation user={user} isPage />
    </div>
  );
}
