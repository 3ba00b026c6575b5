import type { User } from "@parley/sdk";
import { useCallback, useState } from "react";
import { useMessages } from "../messages/catalogue.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import styles from "./HomePage.module.css";
import { JoinByCode } from "./JoinByCode.js";
import { MeetingList } from "./MeetingList.js";
import { NewMeeting } from "./NewMeeting.js";
import { PageFrame } from "./PageFrame.js";

export function HomePage({ user }: { readonly user: User }) {
  const messages = useMessages();
  usePageTitle(`${messages.home.pageTitle} · ${messages.product}`);
  // A new number makes the list load anew.
  const [edition, setEdition] = useState(0);
  const handleCreated = useCallback(() => {
    setEdition((before) => before + 1);
  }, []);
  return (
    <PageFrame>
      <h1 className={styles.greeting}>{messages.home.greeting(user.displayName)}</h1>
      <div className={styles.columns}>
        <div className={styles.actions}>
          {user.permissions.includes("meetings:create") && <NewMeeting user={user} onCreated={handleCreated} />}
          <section className={styles.card}>
            <h2 className={styles.cardTitle}>{messages.home.joinTitle}</h2>
            <p className={styles.cardLead}>{messages.home.joinLead}</p>
            <JoinByCode />
          </section>
        </div>
        <MeetingList key={edition} />
      </div>
    </PageFrame>
  );
}
