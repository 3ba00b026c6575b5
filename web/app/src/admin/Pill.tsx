import { cx } from "../ui/class-names.js";
import styles from "./Pill.module.css";

/** Of the states of accounts. */
export const STATE_TONES = { active: "good", invited: "waiting", suspended: "bad" } as const;

interface PillProps {
  readonly tone: "good" | "waiting" | "bad" | "plain";
  readonly children: string;
}

/** One word on how something stands. */
export function Pill({ tone, children }: PillProps) {
  return <span className={cx(styles.pill, styles[tone])}>{children}</span>;
}
