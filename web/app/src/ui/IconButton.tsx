import type { ReactNode } from "react";
import { Button as AriaButton, Tooltip, TooltipTrigger, type ButtonProps } from "react-aria-components";
import { cx } from "./class-names.js";
import styles from "./IconButton.module.css";

export interface IconButtonProps extends Omit<ButtonProps, "className" | "style" | "children"> {
  /** The accessible name, and the tooltip. */
  readonly label: string;
  /** Shown in the tooltip beside the label. */
  readonly shortcut?: string;
  readonly children: ReactNode;
  readonly className?: string | undefined;
}

/** A button that shows only an icon, with its name as a tooltip. */
export function IconButton({ label, shortcut, children, className, ...props }: IconButtonProps) {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      <AriaButton {...props} aria-label={label} className={cx(styles.button, className)}>
        {children}
      </AriaButton>
      <Tooltip offset={8} className={styles.tooltip}>
        {label}
        {shortcut !== undefined && <kbd className={styles.shortcut}>{shortcut}</kbd>}
      </Tooltip>
    </TooltipTrigger>
  );
}
