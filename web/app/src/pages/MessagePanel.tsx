import type { ReactNode } from "react";
import styles from "./MessagePanel.module.css";

interface MessagePanelProps {
  readonly icon: ReactNode;
  readonly title: string;
  readonly text: string;
  readonly children?: ReactNode;
}

/** One thing to say, and what can be done now: of pages that stand for a state. */
export function MessagePanel({ icon, title, text, children }: MessagePanelProps) {
  return (
    <section className={styles.panel}>
      <span className={styles.icon} aria-hidden>
        {icon}
      </span>
      <h1 className={styles.title}>{title}</h1>
      <p className={styles.text}>{text}</p>
      {children !== undefined && <div className={styles.actions}>{children}</div>}
    </section>
  );
}
