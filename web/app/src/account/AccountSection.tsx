import type { ReactNode } from "react";
import { useMessages } from "../messages/catalogue.js";
import { BackLink, PageHead } from "../ui/PageHead.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import styles from "./AccountSection.module.css";
import type { SectionId } from "./sections.js";

/** One page of the account: its heading, and cards below. */
export function AccountSection({ id, children }: { readonly id: SectionId; readonly children: ReactNode }) {
  const messages = useMessages();
  const { title, lead } = messages.account.sections[id];
  usePageTitle(`${title} · ${messages.account.title} · ${messages.product}`);
  return (
    <div className={styles.section}>
      <PageHead
        title={title}
        lead={lead}
        back={
          <BackLink to="/account" isOnPhonesOnly>
            {messages.account.title}
          </BackLink>
        }
      />
      {children}
    </div>
  );
}
