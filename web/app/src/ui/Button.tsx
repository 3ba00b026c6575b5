import type { ReactNode } from "react";
import { Button as AriaButton, ProgressBar, type ButtonProps as AriaButtonProps } from "react-aria-components";
import { useMessages } from "../messages/catalogue.js";
import styles from "./Button.module.css";
import { cx } from "./class-names.js";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "style" | "children"> {
  readonly variant?: "primary" | "secondary" | "quiet" | "danger";
  readonly size?: "medium" | "large";
  readonly fullWidth?: boolean;
  readonly icon?: ReactNode;
  readonly children: ReactNode;
}

export function Button({ variant = "secondary", size = "medium", fullWidth, icon, children, ...props }: ButtonProps) {
  const messages = useMessages();
  return (
    <AriaButton {...props} className={cx(styles.button, styles[variant], styles[size], fullWidth && styles.full)}>
      {({ isPending }) => (
        <>
          {isPending ? (
            <ProgressBar aria-label={messages.common.loading} isIndeterminate className={styles.spinner} />
          ) : (
            icon
          )}
          <span className={styles.label}>{children}</span>
        </>
      )}
    </AriaButton>
  );
}
