import { Check, CircleAlert } from "lucide-react";
import {
  CheckboxButton,
  CheckboxField,
  CheckboxGroup,
  FieldError,
  Label,
  RadioButton,
  RadioField,
  RadioGroup,
  Text,
} from "react-aria-components";
import styles from "./Choices.module.css";
import remarks from "./Remarks.module.css";

export interface Choice {
  readonly id: string;
  readonly label: string;
  readonly hint?: string | undefined;
}

interface OneOfProps {
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly selected: string;
  readonly onSelect: (id: string) => void;
}

/** One of few, all of which are seen. */
export function OneOf({ label, choices, selected, onSelect }: OneOfProps) {
  return (
    <RadioGroup className={styles.group} value={selected} onChange={onSelect}>
      <Label className={styles.label}>{label}</Label>
      <div className={styles.choices}>
        {choices.map((choice) => (
          <RadioField key={choice.id} value={choice.id}>
            <RadioButton className={styles.choice}>
              <span className={styles.radio} aria-hidden />
              <Words choice={choice} />
            </RadioButton>
          </RadioField>
        ))}
      </div>
    </RadioGroup>
  );
}

interface SomeOfProps {
  readonly label: string;
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly choices: readonly Choice[];
  readonly selected: readonly string[];
  /** Beside one another, as many as fit: for short words. */
  readonly isInRows?: boolean;
  readonly onSelect: (ids: readonly string[]) => void;
}

/** Any number of few, all of which are seen. */
export function SomeOf({ label, hint, error, choices, selected, isInRows = false, onSelect }: SomeOfProps) {
  return (
    <CheckboxGroup
      className={styles.group}
      value={[...selected]}
      onChange={onSelect}
      isInvalid={error !== undefined}
      validationBehavior="aria"
    >
      <Label className={styles.label}>{label}</Label>
      {hint !== undefined && (
        <Text slot="description" className={remarks.hint}>
          {hint}
        </Text>
      )}
      <div className={isInRows ? styles.rows : styles.choices}>
        {choices.map((choice) => (
          <CheckboxField key={choice.id} value={choice.id}>
            <CheckboxButton className={styles.choice}>
              <span className={styles.check} aria-hidden>
                <Check />
              </span>
              <Words choice={choice} />
            </CheckboxButton>
          </CheckboxField>
        ))}
      </div>
      <FieldError className={remarks.error}>
        <CircleAlert aria-hidden />
        {error}
      </FieldError>
    </CheckboxGroup>
  );
}

function Words({ choice }: { readonly choice: Choice }) {
  return (
    <span className={styles.words}>
      {choice.label}
      {choice.hint !== undefined && <span className={remarks.hint}> {choice.hint}</span>}
    </span>
  );
}
