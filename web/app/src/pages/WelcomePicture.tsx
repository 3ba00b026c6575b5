import { MicOff } from "lucide-react";
import { cx } from "../ui/class-names.js";
import styles from "./WelcomePicture.module.css";

const PEOPLE = ["a", "b", "c", "d"] as const;

/** A meeting in four strokes: decoration, drawn with CSS alone. */
export function WelcomePicture() {
  return (
    <div className={styles.frame} aria-hidden>
      {PEOPLE.map((person) => (
        <div key={person} className={cx(styles.tile, styles[person])}>
          <span className={styles.head} />
          <span className={styles.shoulders} />
          {person === "c" && (
            <span className={styles.badge}>
              <MicOff />
            </span>
          )}
        </div>
      ))}
    </div>
  );
}
