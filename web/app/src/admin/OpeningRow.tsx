import { ChevronDown } from "lucide-react";
import { useId, useState, type ReactNode } from "react";
import { Button } from "react-aria-components";
import { cx } from "../ui/class-names.js";
import styles from "./OpeningRow.module.css";

interface OpeningRowProps {
  readonly tone: "plain" | "waiting" | "bad";
  readonly icon: ReactNode;
  readonly title: string;
  /** At the end of the line. */
  readonly about: ReactNode;
  /** What is below once it is open. */
  readonly children: () => ReactNode;
}

/** One line of a log, which opens to all that is known of what it tells. */
export function OpeningRow({ tone, icon, title, about, children }: OpeningRowProps) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  return (
    <li className={cx(styles.row, isOpen && styles.open)}>
      <Button
        className={styles.toggle}
        aria-expanded={isOpen}
        aria-controls={id}
        onPress={() => {
          setOpen(!isOpen);
        }}
      >
        <span className={cx(styles.icon, styles[tone])} aria-hidden>
          {icon}
        </span>
        <span className={styles.sentence}>{title}</span>
        <span className={styles.about}>{about}</span>
        <ChevronDown aria-hidden className={styles.chevron} />
      </Button>
      <div id={id} hidden={!isOpen} className={styles.details}>
        {isOpen && children()}
      </div>
    </li>
  );
}

/** Such lines. */
export function OpeningRows({ label, children }: { readonly label?: string; readonly children: ReactNode }) {
  return (
    <ul className={styles.list} aria-label={label}>
      {children}
    </ul>
  );
}
