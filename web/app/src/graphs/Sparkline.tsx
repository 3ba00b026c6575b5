import { linePath, type Point } from "./geometry.js";
import styles from "./Graph.module.css";

const WIDTH = 120;
const HEIGHT = 28;

interface SparklineProps {
  readonly lines: readonly (readonly Point[])[];
  readonly from: number;
  readonly until: number;
  readonly maximum: number;
}

/** Lines beside a number that says how it is now. */
export function Sparkline({ lines, from, until, maximum }: SparklineProps) {
  const scale = { from, until, maximum, width: WIDTH, height: HEIGHT };
  return (
    <svg viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} preserveAspectRatio="none" aria-hidden className={styles.spark}>
      <line x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} className={styles.base} />
      {lines.map((points, index) => (
        <path key={index} d={linePath(points, scale)} className={styles[`line${index}`]} />
      ))}
    </svg>
  );
}
