import { asParleyError, type OccurrenceChange, type Schedule, type SeriesOccurrence } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { Failure } from "../forms/Failure.js";
import formStyles from "../forms/Form.module.css";
import { useAttempt } from "../forms/useAttempt.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";

interface OccurrenceFormProps {
  readonly time: SeriesOccurrence;
  readonly schedule: Schedule;
  readonly onChange: (change: OccurrenceChange) => Promise<void>;
  readonly onClose: () => void;
}

/** Another day, hour, length or title for one of the times. */
export function OccurrenceForm({ time, schedule, onChange, onClose }: OccurrenceFormProps) {
  const messages = useMessages();
  const texts = useMeetingMessages();
  const minutes = schedule.durationMinutes;
  const exception = schedule.exceptions.find(({ occurrence }) => occurrence === time.occurrence);
  const [start, setStart] = useState((exception?.start ?? time.occurrence).slice(0, 16));
  const [length, setLength] = useState(`${exception?.durationMinutes ?? minutes}`);
  const [title, setTitle] = useState(time.title ?? "");
  const [problem, setProblem] = useState<string | undefined>();
  const { isPending, error, run } = useAttempt();
  const submit = () =>
    run(async () => {
      const moved = `${start}:00`;
      try {
        await onChange({
          start: moved === time.occurrence ? null : moved,
          durationMinutes: Number(length) === minutes ? null : Number(length),
          title: title.trim() === "" ? null : title.trim(),
        });
        onClose();
      } catch (thrown) {
        const [field] = Object.values(asParleyError(thrown).fields);
        if (field === undefined) throw thrown;
        setProblem(field);
      }
    });
  return (
    <Form
      className={formStyles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (start === "") setProblem(texts.form.dayMissing);
        else void submit();
      }}
    >
      <Failure error={error} texts={{ precondition_failed: texts.overview.changedMeanwhile }} />
      <Field
        label={`${texts.form.day}, ${texts.form.time}`}
        type="datetime-local"
        value={start}
        error={problem}
        onChange={(value) => {
          setStart(value);
          setProblem(undefined);
        }}
      />
      <Field
        label={texts.form.durationMinutes}
        inputMode="numeric"
        value={length}
        onChange={(value) => {
          if (/^\d{0,4}$/.test(value)) setLength(value);
        }}
        onBlur={() => {
          if (Number(length) === 0) setLength(`${minutes}`);
        }}
      />
      <Field label={texts.form.title} placeholder={texts.form.titleUsual} maxLength={200} value={title} onChange={setTitle} />
      <div className={formStyles.actions}>
        <Button onPress={onClose}>{messages.common.cancel}</Button>
        <Button type="submit" variant="primary" isPending={isPending}>
          {texts.form.save}
        </Button>
      </div>
    </Form>
  );
}
