import { Repeat } from "lucide-react";
import type { Frequency } from "../meetings/rule.js";
import { ruleInWords, weekdayName } from "../meetings/rule-words.js";
import { dayParts, placeInMonth } from "../meetings/rule.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { OneOf, SomeOf } from "../ui/Choices.js";
import { Field } from "../ui/Field.js";
import remarks from "../ui/Remarks.module.css";
import { Select } from "../ui/Select.js";
import styles from "./Planning.module.css";
import { ruleOf, type Choice, type Repetition } from "./repetition.js";

interface RepetitionFieldsProps {
  readonly value: Repetition;
  /** The first day (`2026-12-07`). */
  readonly start: string;
  readonly timeZone: string;
  readonly error?: string | undefined;
  readonly onChange: (repetition: Repetition) => void;
}

const OFFERED: readonly Choice[] = ["daily", "workdays", "weekly", "monthly", "weekday", "yearly"];

/** Whether and how a meeting repeats, with all of it in words below. */
export function RepetitionFields({ value, start, timeZone, error, onChange }: RepetitionFieldsProps) {
  const texts = useMeetingMessages();
  const set = (change: Partial<Repetition>) => {
    onChange({ ...value, ...change });
  };
  const inWords = (repetition: Repetition) => ruleInWords(texts, { rule: ruleOf(repetition, start), start, timeZone }) ?? "";
  const isEndless: Partial<Repetition> = { ends: "never" };
  const items = [
    { id: "never", label: texts.form.never },
    ...OFFERED.map((choice) => ({ id: choice, label: capital(inWords({ ...value, ...isEndless, choice })) })),
    { id: "custom", label: texts.form.custom },
    ...(value.rule === null ? [] : [{ id: "kept", label: capital(inWords({ ...value, choice: "kept" })) }]),
  ];
  return (
    <>
      <Select
        label={texts.form.repeat}
        isLabelled
        icon={<Repeat aria-hidden />}
        items={items}
        selected={value.choice}
        placeholder={texts.form.never}
        onSelect={(choice) => {
          set({ choice: choice as Choice });
        }}
      />
      {value.choice === "custom" && <CustomFields value={value} start={start} set={set} />}
      {value.choice !== "never" && value.choice !== "kept" && (
        <div className={styles.row}>
          <Select
            label={texts.form.ends}
            isLabelled
            items={Object.entries(texts.form.endsChoices).map(([id, label]) => ({ id, label }))}
            selected={value.ends}
            placeholder={texts.form.ends}
            onSelect={(ends) => {
              set({ ends: ends as Repetition["ends"] });
            }}
          />
          {value.ends === "on" && (
            <Field
              label={texts.form.until}
              type="date"
              value={value.until}
              error={error}
              onChange={(until) => {
                set({ until });
              }}
            />
          )}
          {value.ends === "after" && (
            <NumberField
              label={texts.form.count}
              value={value.count}
              most={1000}
              error={error}
              onChange={(count) => {
                set({ count });
              }}
            />
          )}
        </div>
      )}
      {value.choice !== "never" && (
        <p role="status" className={remarks.hint}>
          {texts.form.inWords(inWords(value))}
        </p>
      )}
    </>
  );
}

interface CustomFieldsProps {
  readonly value: Repetition;
  readonly start: string;
  readonly set: (change: Partial<Repetition>) => void;
}

function CustomFields({ value, start, set }: CustomFieldsProps) {
  const texts = useMeetingMessages();
  const { weekday, day } = dayParts(start);
  const { ordinal, isLast } = placeInMonth(start);
  const name = weekdayName(texts.rule, weekday);
  const onThe = (place: number) => capital(texts.rule.weekdays([texts.rule.weekday(place, name)]));
  return (
    <>
      <div className={styles.row}>
        <NumberField
          label={texts.form.every}
          value={value.interval}
          most={99}
          onChange={(interval) => {
            set({ interval });
          }}
        />
        <Select
          label={texts.form.unit}
          isLabelled
          items={Object.entries(texts.form.units).map(([id, label]) => ({ id, label }))}
          selected={value.frequency}
          placeholder={texts.form.unit}
          onSelect={(frequency) => {
            set({ frequency: frequency as Frequency });
          }}
        />
      </div>
      {value.frequency === "WEEKLY" && (
        <SomeOf
          label={texts.form.onDays}
          isInRows
          choices={[0, 1, 2, 3, 4, 5, 6].map((each) => ({ id: `${each}`, label: weekdayName(texts.rule, each) }))}
          selected={[...new Set([...value.days, weekday])].map(String)}
          onSelect={(days) => {
            set({ days: days.map(Number) });
          }}
        />
      )}
      {value.frequency === "MONTHLY" && (
        <OneOf
          label={texts.form.monthlyOn}
          choices={[
            { id: "day", label: capital(texts.rule.monthDays([day], false)) },
            { id: "weekday", label: onThe(ordinal) },
            ...(isLast ? [{ id: "last", label: onThe(-1) }] : []),
          ]}
          selected={value.monthly}
          onSelect={(monthly) => {
            set({ monthly: monthly as Repetition["monthly"] });
          }}
        />
      )}
    </>
  );
}

interface NumberFieldProps {
  readonly label: string;
  readonly value: number;
  readonly most: number;
  readonly error?: string | undefined;
  readonly onChange: (value: number) => void;
}

/** A whole number from one on. */
function NumberField({ label, value, most, error, onChange }: NumberFieldProps) {
  return (
    <Field
      label={label}
      inputMode="numeric"
      value={value === 0 ? "" : `${value}`}
      error={error}
      onChange={(text) => {
        if (/^\d*$/.test(text)) onChange(Math.min(Number(text), most));
      }}
      onBlur={() => {
        if (value === 0) onChange(1);
      }}
    />
  );
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
