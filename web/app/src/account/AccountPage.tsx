import type { User } from "@parley/sdk";
import { Outlet, useOutletContext } from "react-router";
import { SignedIn } from "../live/SignedIn.js";
import { PageFrame } from "../pages/PageFrame.js";
import styles from "./AccountPage.module.css";
import { AccountNavigation } from "./AccountNavigation.js";

/** What the pages of one's own account have in common: on a desktop the navigation beside them. */
export function AccountPage() {
  return (
    <SignedIn>
      {(user) => (
        <PageFrame>
          <div className={styles.page}>
            <aside className={styles.side}>
              <AccountNavigation user={user} />
            </aside>
            <Outlet context={user} />
          </div>
        </PageFrame>
      )}
    </SignedIn>
  );
}

/** Whose account the page is about. */
export function useAccountUser(): User {
  return useOutletContext<User>();
}
