import { CircleAlert, Info } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "./class-names.js";
import styles from "./Notice.module.css";

interface NoticeProps {
  readonly tone: "info" | "warning" | "error";
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/** A remark in the flow of the page; an error is read out at once. */
export function Notice({ tone, title, children, action }: NoticeProps) {
  return (
    <div role={tone === "error" ? "alert" : "status"} className={cx(styles.notice, styles[tone])}>
      {tone === "info" ? <Info aria-hidden /> : <CircleAlert aria-hidden />}
      <div className={styles.body}>
        <p className={styles.title}>{title}</p>
        {children !== undefined && <div className={styles.text}>{children}</div>}
      </div>
      {action}
    </div>
  );
}
