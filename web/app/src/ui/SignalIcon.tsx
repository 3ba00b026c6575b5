import type { QualityLevel } from "@parley/sdk";
import { cx } from "./class-names.js";
import styles from "./SignalIcon.module.css";

const LIT = { excellent: 3, good: 2, poor: 1, lost: 0 } satisfies Record<QualityLevel, number>;
const BARS = [7, 12, 17] as const;

/** How a connection is, as bars; a text says it beside. */
export function SignalIcon({ level }: { readonly level: QualityLevel }) {
  return (
    <svg viewBox="0 0 20 20" aria-hidden className={cx(styles.icon, styles[level])}>
      {BARS.map((height, index) => (
        <rect
          key={height}
          x={1.5 + index * 6}
          y={18.5 - height}
          width="4.5"
          height={height}
          rx="1.2"
          className={index < LIT[level] ? styles.lit : styles.dim}
        />
      ))}
      {level === "lost" && <path d="M3 3L17 17M17 3L3 17" className={styles.cross} />}
    </svg>
  );
}
