import { Field } from "../ui/Field.js";

interface NumberFieldProps {
  readonly label: string;
  readonly hint: string;
  /** Null: the field is empty. */
  readonly value: number | null;
  readonly error: string | undefined;
  readonly onChange: (value: number | null) => void;
}

/** A whole number of up to four digits, or none. */
export function NumberField({ label, hint, value, error, onChange }: NumberFieldProps) {
  return (
    <Field
      label={label}
      hint={hint}
      inputMode="numeric"
      autoComplete="off"
      value={value === null ? "" : `${value}`}
      error={error}
      onChange={(text) => {
        if (/^\d{0,4}$/.test(text)) onChange(text === "" ? null : Number(text));
      }}
    />
  );
}
