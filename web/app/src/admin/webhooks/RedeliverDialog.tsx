import { useState } from "react";
import { Form } from "react-aria-components";
import { Failure } from "../../forms/Failure.js";
import formStyles from "../../forms/Form.module.css";
import { dayAndTimeOf, instantOf } from "../../forms/day-and-time.js";
import { useAttempt } from "../../forms/useAttempt.js";
import { useMessages } from "../../messages/catalogue.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Dialog } from "../../ui/Dialog.js";
import { Field } from "../../ui/Field.js";
import { showToast } from "../../ui/toasts.js";
import { useWebhookMessages } from "./useWebhookMessages.js";
import styles from "./Webhooks.module.css";

interface RedeliverDialogProps {
  readonly id: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Sends all again that was given up since a time. */
export function RedeliverDialog({ id, isOpen, onClose, onDone }: RedeliverDialogProps) {
  const words = useWebhookMessages().log;
  return (
    <Dialog title={words.redeliverTitle} isOpen={isOpen} onClose={onClose}>
      <RedeliverForm id={id} onClose={onClose} onDone={onDone} />
    </Dialog>
  );
}

function RedeliverForm({ id, onClose, onDone }: Omit<RedeliverDialogProps, "isOpen">) {
  const messages = useMessages();
  const words = useWebhookMessages().log;
  const { api } = useSession();
  const { isPending, error, run } = useAttempt();
  const [fields, setFields] = useState(yesterday);
  const since = instantOf(fields);
  const submit = () =>
    run(async () => {
      if (since === null) return;
      const { count, more } = await api.webhooks.redeliverFailed(id, since);
      showToast({ tone: "info", title: words.redelivered(count), ...(more && { text: words.more }) });
      onClose();
      onDone();
    });
  return (
    <Form
      className={formStyles.form}
      aria-label={words.redeliverTitle}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <p className={formStyles.note}>{words.redeliverText}</p>
      <Failure error={error} />
      <div className={styles.since}>
        <Field
          label={words.sinceDay}
          type="date"
          value={fields.day}
          error={since === null ? words.sinceMissing : undefined}
          onChange={(day) => {
            setFields({ ...fields, day });
          }}
        />
        <Field
          label={words.sinceTime}
          type="time"
          value={fields.time}
          onChange={(time) => {
            setFields({ ...fields, time });
          }}
        />
      </div>
      <div className={formStyles.actions}>
        <Button onPress={onClose}>{messages.common.cancel}</Button>
        <Button type="submit" variant="primary" isPending={isPending} isDisabled={since === null}>
          {words.redeliverAction}
        </Button>
      </div>
    </Form>
  );
}

/** The same time on the day before. */
function yesterday() {
  const at = new Date();
  at.setDate(at.getDate() - 1);
  return dayAndTimeOf(at);
}
