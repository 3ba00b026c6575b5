import type { PollText } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { useMessages } from "../messages/catalogue.js";
import { Button } from "../ui/Button.js";
import { cx } from "../ui/class-names.js";
import { Field } from "../ui/Field.js";
import { Switch } from "../ui/Switch.js";
import styles from "./PollForm.module.css";

const MOST_OPTIONS = 20;

interface PollFormProps {
  /** What is changed; left out for a new one. */
  readonly before?: PollText | undefined;
  readonly action: string;
  readonly isPending?: boolean;
  readonly className?: string | undefined;
  readonly onSubmit: (poll: PollText) => void;
  readonly onCancel: () => void;
}

/** A question and its options: asked at once, or kept for later. */
export function PollForm({ before, action, isPending = false, className, onSubmit, onCancel }: PollFormProps) {
  const messages = useMessages();
  const { polls: texts } = messages;
  const [question, setQuestion] = useState(before?.question ?? "");
  const [options, setOptions] = useState<readonly string[]>(before?.options ?? ["", ""]);
  const [multiple, setMultiple] = useState(before?.multiple ?? false);
  const given = options.map((option) => option.trim()).filter((option) => option !== "");
  const isReady = question.trim() !== "" && given.length >= 2 && new Set(given).size === given.length;
  return (
    <Form
      className={cx(styles.form, className)}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) onSubmit({ question: question.trim(), options: given, multiple });
      }}
    >
      <Field label={texts.question} value={question} onChange={setQuestion} maxLength={300} autoFocus />
      {options.map((option, place) => (
        <Field
          key={place}
          label={texts.option(place + 1)}
          value={option}
          maxLength={120}
          onChange={(text) => {
            setOptions(options.with(place, text));
          }}
        />
      ))}
      {options.length < MOST_OPTIONS && (
        <Button
          variant="quiet"
          onPress={() => {
            setOptions([...options, ""]);
          }}
        >
          {texts.addOption}
        </Button>
      )}
      <Switch isSelected={multiple} onChange={setMultiple}>
        {texts.multiple}
      </Switch>
      <div className={styles.actions}>
        <Button variant="quiet" onPress={onCancel}>
          {messages.common.cancel}
        </Button>
        <Button variant="primary" type="submit" isDisabled={!isReady} isPending={isPending}>
          {action}
        </Button>
      </div>
    </Form>
  );
}
