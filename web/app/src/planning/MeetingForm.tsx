import { asParleyError, type Meeting } from "@parley/sdk";
import { useState, type ReactNode } from "react";
import { Form } from "react-aria-components";
import { SaveFailure } from "../forms/SaveFailure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { Button } from "../ui/Button.js";
import { Card } from "../ui/Card.js";
import { Field } from "../ui/Field.js";
import { LinkButton } from "../ui/LinkButton.js";
import { Select } from "../ui/Select.js";
import { TextArea } from "../ui/TextArea.js";
import { ConflictsNotice } from "./ConflictsNotice.js";
import { plannedOf, problemsOf, type Draft } from "./draft.js";
import styles from "./Planning.module.css";
import { RemindersCard } from "./RemindersCard.js";
import { RepetitionFields } from "./RepetitionFields.js";
import { SettingsFields } from "./SettingsFields.js";
import { TimeZoneField } from "./TimeZoneField.js";

const DURATIONS = [15, 30, 45, 60, 90, 120, 180, 240, 480];

interface MeetingFormProps {
  readonly initial: Draft;
  /** A personal room, and what was made for now, has no time of its own. */
  readonly hasSchedule: boolean;
  /** Whether this installation sends mail at all. */
  readonly sendsMail: boolean;
  /** The meeting, if it is there already. */
  readonly meeting?: Meeting;
  readonly action: string;
  readonly cancelTo: string;
  /** Shown below what the meeting is like. */
  readonly children?: ReactNode;
  readonly onSave: (draft: Draft) => Promise<void>;
  /** Asked where somebody else has changed the meeting: to begin anew with it as it is. */
  readonly onReload?: () => void;
}

/** A meeting's title, time and settings. What the service refuses is told at its fields. */
export function MeetingForm(props: MeetingFormProps) {
  const { initial, hasSchedule, sendsMail, meeting, action, cancelTo, children, onSave, onReload } = props;
  const messages = useMessages();
  const texts = useMeetingMessages();
  const [draft, setDraft] = useState(initial);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const { isPending, error, run } = useAttempt();
  const planned = hasSchedule ? plannedOf(draft, meeting?.schedule) : null;
  const set = (change: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...change }));
    setErrors({});
  };
  const submit = async () => {
    const words = { ...texts.form, ...texts.settings };
    const found = Object.entries(problemsOf(draft, hasSchedule)).map(([field, problem]) => [field, words[problem]]);
    setErrors(Object.fromEntries(found) as Record<string, string>);
    if (found.length > 0) return;
    await run(async () => {
      try {
        await onSave(draft);
      } catch (thrown) {
        const { fields } = asParleyError(thrown);
        if (Object.keys(fields).length === 0) throw thrown;
        setErrors(fields);
        if (!Object.keys(fields).some((field) => FIELDS.includes(field))) throw thrown;
      }
    });
  };
  return (
    <Form
      className={styles.page}
      aria-label={action}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <SaveFailure error={error} texts={texts.form} onReload={onReload} />
      <Card title={texts.form.what}>
        <Field
          label={texts.form.title}
          placeholder={texts.new.titlePlaceholder}
          maxLength={200}
          autoComplete="off"
          autoFocus={initial.title === ""}
          value={draft.title}
          error={errors.title}
          onChange={(title) => {
            set({ title });
          }}
        />
        <TextArea
          label={texts.form.description}
          hint={texts.form.descriptionHint}
          maxLength={5000}
          value={draft.description}
          error={errors.description}
          onChange={(description) => {
            set({ description });
          }}
        />
        {hasSchedule && <Times draft={draft} errors={errors} set={set} />}
        {planned !== null && <ConflictsNotice schedule={planned} meetingId={meeting?.id} />}
      </Card>
      {children}
      <Card title={texts.form.settingsTitle} lead={texts.form.settingsLead}>
        <SettingsFields
          hasPasscode
          value={draft.settings}
          errors={errors}
          onChange={(settings) => {
            set({ settings });
          }}
        />
      </Card>
      {hasSchedule && (
        <RemindersCard
          value={draft.settings.reminders}
          sendsMail={sendsMail}
          error={errors["settings.reminders"]}
          onChange={(reminders) => {
            set({ settings: { ...draft.settings, reminders } });
          }}
        />
      )}
      <div className={styles.actions}>
        <LinkButton to={cancelTo}>{messages.common.cancel}</LinkButton>
        <Button type="submit" variant="primary" isPending={isPending}>
          {action}
        </Button>
      </div>
    </Form>
  );
}

/** Those that show what is wrong with them. */
const FIELDS: readonly string[] = [
  "title",
  "description",
  "schedule.start",
  "schedule.time_zone",
  "schedule.rule",
  "settings.passcode",
  "settings.max_participants",
  "settings.max_minutes",
  "settings.reminders",
];

interface TimesProps {
  readonly draft: Draft;
  readonly errors: Readonly<Record<string, string>>;
  readonly set: (change: Partial<Draft>) => void;
}

function Times({ draft, errors, set }: TimesProps) {
  const texts = useMeetingMessages().form;
  const durations = [...new Set([...DURATIONS, draft.minutes])].sort((one, other) => one - other);
  return (
    <>
      <div className={styles.row}>
        <Field
          label={texts.day}
          type="date"
          value={draft.day}
          error={errors["schedule.start"]}
          onChange={(day) => {
            set({ day });
          }}
        />
        <Field
          label={texts.time}
          type="time"
          value={draft.time}
          onChange={(time) => {
            set({ time });
          }}
        />
        <Select
          label={texts.duration}
          isLabelled
          items={durations.map((count) => ({ id: `${count}`, label: texts.minutes(count) }))}
          selected={`${draft.minutes}`}
          placeholder={texts.duration}
          onSelect={(minutes) => {
            set({ minutes: Number(minutes) });
          }}
        />
      </div>
      <TimeZoneField
        value={draft.timeZone}
        error={errors["schedule.time_zone"]}
        onChange={(timeZone) => {
          set({ timeZone });
        }}
      />
      {draft.day !== "" && (
        <RepetitionFields
          value={draft.repetition}
          start={draft.day}
          timeZone={draft.timeZone}
          error={errors["schedule.rule"]}
          onChange={(repetition) => {
            set({ repetition });
          }}
        />
      )}
    </>
  );
}
