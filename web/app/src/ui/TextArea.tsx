import { Label, TextArea as AriaTextArea, TextField } from "react-aria-components";
import styles from "./Field.module.css";
import { Remarks } from "./Remarks.js";

interface TextAreaProps {
  readonly label: string;
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly maxLength: number;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Several lines of text, labelled, with a hint and an error. */
export function TextArea({ label, hint, error, maxLength, value, onChange }: TextAreaProps) {
  return (
    <TextField
      value={value}
      onChange={onChange}
      maxLength={maxLength}
      isInvalid={error !== undefined}
      validationBehavior="aria"
      className={styles.field}
    >
      <Label className={styles.label}>{label}</Label>
      <div className={styles.frame}>
        <AriaTextArea rows={3} className={styles.area} />
      </div>
      <Remarks hint={hint} error={error} />
    </TextField>
  );
}
