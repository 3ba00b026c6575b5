import type { ReactNode } from "react";
import { Link } from "react-router";
import type { ButtonProps } from "./Button.js";
import styles from "./Button.module.css";
import { cx } from "./class-names.js";

interface LinkButtonProps extends Pick<ButtonProps, "variant" | "size" | "fullWidth"> {
  readonly to: string;
  readonly icon?: ReactNode;
  /** The accessible name, where what is shown is not enough of one. */
  readonly label?: string;
  readonly children: string;
}

/** A link that leads to what is most wanted here: it looks as a button does. */
export function LinkButton({ to, variant = "secondary", size = "medium", fullWidth, icon, label, children }: LinkButtonProps) {
  return (
    <Link
      to={to}
      {...(label !== undefined && { "aria-label": label })}
      className={cx(styles.button, styles[variant], styles[size], fullWidth && styles.full)}
    >
      {icon}
      <span className={styles.label}>{children}</span>
    </Link>
  );
}
