import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { FieldError, Input, Label, Text, TextField, type TextFieldProps } from "react-aria-components";
import styles from "./Field.module.css";

export interface FieldProps extends Omit<TextFieldProps, "className" | "style" | "children"> {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly placeholder?: string;
  /** Why the value cannot be used; shown under the field and read with it. */
  readonly error?: string | undefined;
  /** Beside the input, inside its frame. */
  readonly trailing?: ReactNode;
}

/** A labelled line of text with a hint and an error. */
export function Field({ label, hint, placeholder, error, trailing, ...props }: FieldProps) {
  return (
    <TextField {...props} isInvalid={error !== undefined} validationBehavior="aria" className={styles.field}>
      <Label className={styles.label}>{label}</Label>
      <div className={styles.frame}>
        <Input placeholder={placeholder ?? ""} className={styles.input} />
        {trailing}
      </div>
      {error === undefined && hint !== undefined && (
        <Text slot="description" className={styles.hint}>
          {hint}
        </Text>
      )}
      <FieldError className={styles.error}>
        <CircleAlert aria-hidden />
        {error}
      </FieldError>
    </TextField>
  );
}
