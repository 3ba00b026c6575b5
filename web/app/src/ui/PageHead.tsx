import { ChevronLeft } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { cx } from "./class-names.js";
import styles from "./PageHead.module.css";

interface PageHeadProps {
  readonly title: string;
  readonly lead?: ReactNode;
  /** Above the title: the way to where this page belongs. */
  readonly back?: ReactNode;
  /** Beside the title. */
  readonly action?: ReactNode;
}

/** What a page begins with: its heading, what it is about, and what can be done with all of it. */
export function PageHead({ title, lead, back, action }: PageHeadProps) {
  return (
    <header className={styles.head}>
      <div className={styles.words}>
        {back}
        <h1 className={styles.title}>{title}</h1>
        {lead !== undefined && <div className={styles.lead}>{lead}</div>}
      </div>
      {action}
    </header>
  );
}

interface BackLinkProps {
  readonly to: string;
  /** It is left out where the navigation stands beside the page. */
  readonly isOnPhonesOnly?: boolean;
  readonly children: string;
}

/** The way from one thing back to the list that it is in. */
export function BackLink({ to, isOnPhonesOnly = false, children }: BackLinkProps) {
  return (
    <Link to={to} className={cx(styles.back, isOnPhonesOnly && styles.phone)}>
      <ChevronLeft aria-hidden />
      {children}
    </Link>
  );
}
