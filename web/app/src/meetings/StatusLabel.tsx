import type { MeetingStatus } from "@parley/sdk";
import { cx } from "../ui/class-names.js";
import styles from "./StatusLabel.module.css";

/** Whether a meeting is on, with a dot that says it at a glance. */
export function StatusLabel({ status, children }: { readonly status: MeetingStatus; readonly children: string }) {
  return <span className={cx(styles.status, styles[status])}>{children}</span>;
}
