import { useId, type ReactNode } from "react";
import { cx } from "../../ui/class-names.js";
import { IconButton } from "../../ui/IconButton.js";
import styles from "./BarButton.module.css";

interface BarButtonProps {
  /** What pressing does; for a panel its name, and `isPressed` says whether it is open. */
  readonly label: string;
  readonly shortcut?: string;
  /** `off`: a microphone or camera that is off. */
  readonly tone?: "plain" | "off" | "active" | "danger";
  readonly isPressed?: boolean;
  readonly badge?: { readonly text: string; readonly label: string };
  readonly count?: number;
  readonly onPress?: () => void;
  readonly children: ReactNode;
}

/** A round button of the control bar. */
export function BarButton({ label, shortcut, tone = "plain", isPressed, badge, count, onPress, children }: BarButtonProps) {
  const badgeId = useId();
  return (
    <IconButton
      label={label}
      {...(shortcut === undefined ? {} : { shortcut })}
      {...(isPressed === undefined ? {} : { "aria-pressed": isPressed })}
      {...(onPress === undefined ? {} : { onPress })}
      {...(badge === undefined ? {} : { "aria-describedby": badgeId })}
      className={cx(styles.button, styles[tone], isPressed === true && styles.active)}
    >
      {children}
      {badge !== undefined && (
        <span className={styles.badge}>
          <span aria-hidden>{badge.text}</span>
          <span id={badgeId} className="visually-hidden">
            {badge.label}
          </span>
        </span>
      )}
      {badge === undefined && count !== undefined && (
        <span className={styles.count} data-count={count} aria-hidden />
      )}
    </IconButton>
  );
}
