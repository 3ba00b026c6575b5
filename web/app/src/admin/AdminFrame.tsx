import type { User } from "@parley/sdk";
import type { ReactNode } from "react";
import { PageFrame } from "../pages/PageFrame.js";
import styles from "./AdminFrame.module.css";
import { AdminNavigation } from "./AdminNavigation.js";

/** What the administrators' pages have around them: on a desktop the navigation beside them. */
export function AdminFrame({ user, children }: { readonly user: User; readonly children: ReactNode }) {
  return (
    <PageFrame>
      <div className={styles.page}>
        <aside className={styles.side}>
          <AdminNavigation user={user} />
        </aside>
        <div className={styles.section}>{children}</div>
      </div>
    </PageFrame>
  );
}
