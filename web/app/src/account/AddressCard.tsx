import { asParleyError, type User } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import { Notice } from "../ui/Notice.js";
import { showToast } from "../ui/toasts.js";
import { Card } from "../ui/Card.js";
import styles from "../forms/Form.module.css";
import { useStepUp } from "../factors/step-up/step-up.js";
import { useAccountOptions } from "./useAccountOptions.js";

/** The address that somebody signs in with, and another one in its place. */
export function AddressCard({ user }: { readonly user: User }) {
  const messages = useMessages();
  const texts = messages.account.address;
  const [isChanging, setChanging] = useState(false);
  const [mailedTo, setMailedTo] = useState<string | null>(null);
  return (
    <Card
      title={texts.title}
      lead={
        <>
          <strong>{user.email}</strong>
          {texts.lead}
        </>
      }
      action={
        !isChanging && (
          <Button
            aria-label={texts.action}
            onPress={() => {
              setMailedTo(null);
              setChanging(true);
            }}
          >
            {messages.account.change}
          </Button>
        )
      }
    >
      {mailedTo !== null && (
        <Notice tone="info" title={texts.sent(mailedTo)}>
          {texts.sentText(user.email)}
        </Notice>
      )}
      {isChanging && (
        <AddressForm
          user={user}
          onClose={() => {
            setChanging(false);
          }}
          onMailed={setMailedTo}
        />
      )}
    </Card>
  );
}

interface AddressFormProps {
  readonly user: User;
  readonly onClose: () => void;
  /** A link is on its way there. */
  readonly onMailed: (email: string) => void;
}

function AddressForm({ user, onClose, onMailed }: AddressFormProps) {
  const messages = useMessages();
  const texts = messages.account.address;
  const { api } = useSession();
  const guard = useStepUp();
  const { mail } = useAccountOptions();
  const [email, setEmail] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const { isPending, error, run } = useAttempt();

  const change = async (address: string) => {
    try {
      const done = await guard(() => api.account.changeEmail(address));
      if (done === null) return;
      if (done.value === null) onMailed(address);
      else showToast({ tone: "info", title: texts.done(address) });
      onClose();
    } catch (thrown) {
      const { code, fields } = asParleyError(thrown);
      const text =
        code === "email_taken" ? texts.taken : code === "conflict" ? texts.tooOften : fields.email;
      if (text === undefined) throw thrown;
      setProblem(text);
    }
  };
  const submit = async () => {
    const address = email.trim();
    const found = missing(address, user.email);
    setProblem(found);
    if (found === undefined) await run(() => change(address));
  };
  const missing = (address: string, present: string): string | undefined => {
    if (address === "") return messages.welcome.missing.email;
    if (!/^\S+@\S+$/.test(address)) return messages.welcome.missing.emailShape;
    return address.toLowerCase() === present ? texts.same : undefined;
  };

  return (
    <Form
      className={styles.form}
      aria-label={texts.action}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Failure error={error} />
      <Field
        label={texts.new}
        hint={mail ? texts.byMail : texts.atOnce}
        name="email"
        type="email"
        inputMode="email"
        autoComplete="email"
        value={email}
        onChange={setEmail}
        error={problem}
        autoFocus
      />
      <div className={styles.actions}>
        <Button type="submit" variant="primary" isPending={isPending}>
          {texts.action}
        </Button>
        <Button onPress={onClose}>{messages.common.cancel}</Button>
      </div>
    </Form>
  );
}
