import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { Card } from "../ui/Card.js";
import { SomeOf } from "../ui/Choices.js";
import { Notice } from "../ui/Notice.js";
import { offeredReminders } from "./draft.js";

interface RemindersCardProps {
  /** Minutes before the meeting. */
  readonly value: readonly number[];
  /** Whether this installation sends mail at all. */
  readonly sendsMail: boolean;
  readonly error: string | undefined;
  readonly onChange: (reminders: readonly number[]) => void;
}

/** When people are reminded of a meeting. */
export function RemindersCard({ value, sendsMail, error, onChange }: RemindersCardProps) {
  const texts = useMeetingMessages().settings;
  return (
    <Card title={texts.reminders} lead={texts.remindersLead}>
      {!sendsMail && <Notice tone="info" title={texts.mailOff} />}
      <SomeOf
        label={texts.reminders}
        error={error}
        choices={offeredReminders(value).map((minutes) => ({ id: `${minutes}`, label: texts.before(minutes) }))}
        selected={value.map(String)}
        onSelect={(ids) => {
          onChange(ids.map(Number));
        }}
      />
    </Card>
  );
}
