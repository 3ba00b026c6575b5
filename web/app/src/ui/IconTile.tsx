import type { ReactNode } from "react";
import { cx } from "./class-names.js";
import styles from "./IconTile.module.css";

interface IconTileProps {
  readonly isAccented?: boolean;
  /** An icon. */
  readonly children: ReactNode;
}

/** What something in a list is, at a glance; words beside it say so, too. */
export function IconTile({ isAccented = false, children }: IconTileProps) {
  return (
    <span className={cx(styles.tile, isAccented && styles.accented)} aria-hidden>
      {children}
    </span>
  );
}
