import type { ReactNode } from "react";
import { Input, Label, TextField, type TextFieldProps } from "react-aria-components";
import styles from "./Field.module.css";
import { Remarks } from "./Remarks.js";

export interface FieldProps extends Omit<TextFieldProps, "className" | "style" | "children"> {
  /** Left out where `aria-label` says it. */
  readonly label?: string;
  readonly hint?: string | undefined;
  readonly placeholder?: string;
  /** Why the value cannot be used; shown under the field and read with it. */
  readonly error?: string | undefined;
  /** Before and after the input, inside its frame. */
  readonly leading?: ReactNode;
  readonly trailing?: ReactNode;
}

/** A labelled line of text with a hint and an error. */
export function Field({ label, hint, placeholder, error, leading, trailing, ...props }: FieldProps) {
  return (
    <TextField {...props} isInvalid={error !== undefined} validationBehavior="aria" className={styles.field}>
      {label !== undefined && <Label className={styles.label}>{label}</Label>}
      <div className={styles.frame}>
        {leading}
        <Input placeholder={placeholder ?? ""} className={styles.input} />
        {trailing}
      </div>
      <Remarks hint={hint} error={error} />
    </TextField>
  );
}
