import type { ReactNode } from "react";
import { cx } from "../../ui/class-names.js";
import styles from "./Banners.module.css";

interface BannerProps {
  readonly icon: ReactNode;
  readonly tone?: "info" | "warning";
  readonly action?: ReactNode;
  readonly children: string;
}

/** A line over the tiles that stays as long as what it says is so. */
export function Banner({ icon, tone = "info", action, children }: BannerProps) {
  return (
    <div className={cx(styles.banner, styles[tone])}>
      {icon}
      <p className={styles.text}>{children}</p>
      {action}
    </div>
  );
}
