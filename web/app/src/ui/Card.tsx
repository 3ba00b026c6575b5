import { useId, type ReactNode } from "react";
import styles from "./Card.module.css";
import { cx } from "./class-names.js";

interface CardProps {
  readonly title: string;
  readonly lead?: ReactNode;
  /** Beside the title. */
  readonly action?: ReactNode;
  readonly isDangerous?: boolean;
  readonly children?: ReactNode;
}

/** One thing that can be set, with what it is about. */
export function Card({ title, lead, action, isDangerous, children }: CardProps) {
  const id = useId();
  return (
    <section className={cx(styles.card, isDangerous && styles.danger)} aria-labelledby={id}>
      <div className={styles.head}>
        <div className={styles.words}>
          <h2 id={id} className={styles.cardTitle}>
            {title}
          </h2>
          {lead !== undefined && <p className={styles.cardLead}>{lead}</p>}
        </div>
        {action}
      </div>
      {children}
    </section>
  );
}
