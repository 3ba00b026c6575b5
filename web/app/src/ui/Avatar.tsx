import { UserRound } from "lucide-react";
import type { CSSProperties } from "react";
import styles from "./Avatar.module.css";
import { hueOf, initials } from "./identity-mark.js";

interface AvatarProps {
  readonly name: string;
  /** What the colour hangs on. */
  readonly identity: string;
  /** CSS pixels. */
  readonly size: number;
}

/** A person without a picture: initials on a colour of their own. */
export function Avatar({ name, identity, size }: AvatarProps) {
  const style = { "--hue": hueOf(identity), "--avatar-size": `${size}px` } as CSSProperties;
  return (
    <span className={styles.avatar} style={style} aria-hidden>
      {initials(name) ?? <UserRound />}
    </span>
  );
}
