import { asParleyError } from "@parley/sdk";
import { useRef, useState } from "react";
import { Form } from "react-aria-components";
import { useAccountOptions } from "../account/useAccountOptions.js";
import { Failure } from "../forms/Failure.js";
import { PasswordField } from "../forms/PasswordField.js";
import { useAttempt } from "../forms/useAttempt.js";
import { problemText, useMessages } from "../messages/catalogue.js";
import type { Messages } from "../messages/en.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import formStyles from "./AccountForm.module.css";
import { ACTIONS, type MailAction, type MailField } from "./mail-actions.js";
import styles from "./MailLinkPage.module.css";

interface MailLinkFormProps {
  readonly action: MailAction;
  readonly token: string;
  readonly onDone: (value: string) => void;
  /** There is no use in trying once more. */
  readonly onInvalid: (why: "link_invalid" | "email_taken") => void;
}

/** Asks for the one thing that a page for mails needs, and does what it is for. */
export function MailLinkForm({ action, token, onDone, onInvalid }: MailLinkFormProps) {
  const messages = useMessages();
  const texts = messages.mailLinks[action];
  const { api } = useSession();
  const { field, run: act } = ACTIONS[action];
  const { passwordMinLength } = useAccountOptions();
  const [value, setValue] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const { isPending, error, run } = useAttempt();
  const form = useRef<HTMLFormElement>(null);

  const refuse = (why: string) => {
    setProblem(why);
    form.current?.querySelector("input")?.focus();
  };
  const send = async () => {
    const entered = field === "email" ? value.trim() : value;
    try {
      await act(api, token, entered);
    } catch (thrown) {
      const { code, fields } = asParleyError(thrown);
      if (code === "link_invalid" || code === "email_taken") onInvalid(code);
      else if (fields.token !== undefined) onInvalid("link_invalid");
      else if (code === "weak_password") refuse(problemText(messages, thrown));
      else if (code === "invalid_credentials") refuse(messages.mailLinks.wrongPassword);
      else if (fields.email !== undefined) refuse(messages.welcome.missing.emailShape);
      else throw thrown;
      return;
    }
    onDone(entered);
  };
  const submit = async () => {
    const found = field === null ? undefined : missing(field, value, passwordMinLength, messages);
    if (found !== undefined) {
      refuse(found);
      return;
    }
    setProblem(undefined);
    await run(send);
  };

  return (
    <Form
      ref={form}
      className={formStyles.form}
      aria-label={texts.title}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h1 className={styles.title}>{texts.title}</h1>
      <p className={styles.lead}>{texts.lead}</p>
      <Failure error={error} texts={{ conflict: messages.account.address.tooOften }} />
      {field !== null && (
        <ValueField
          field={field}
          value={value}
          error={problem}
          minLength={passwordMinLength}
          onChange={(entered) => {
            setValue(entered);
            setProblem(undefined);
          }}
        />
      )}
      <Button type="submit" variant="primary" size="large" fullWidth isPending={isPending}>
        {texts.action}
      </Button>
    </Form>
  );
}

function missing(field: MailField, value: string, minLength: number, messages: Messages): string | undefined {
  const texts = messages.welcome.missing;
  if (field === "email") {
    if (value.trim() === "") return texts.email;
    return /^\S+@\S+$/.test(value.trim()) ? undefined : texts.emailShape;
  }
  if (value === "") return texts.password;
  return field === "newPassword" && Array.from(value).length < minLength ? texts.passwordShort(minLength) : undefined;
}

interface ValueFieldProps {
  readonly field: MailField;
  readonly value: string;
  readonly error: string | undefined;
  readonly minLength: number;
  readonly onChange: (value: string) => void;
}

function ValueField({ field, minLength, ...props }: ValueFieldProps) {
  const messages = useMessages();
  if (field === "email") {
    return <Field {...props} label={messages.welcome.email} name={field} type="email" inputMode="email" autoComplete="email" autoFocus />;
  }
  const isNew = field === "newPassword";
  return (
    <PasswordField
      {...props}
      kind={isNew ? "new" : "current"}
      label={isNew ? messages.mailLinks.newPassword : messages.welcome.password}
      hint={isNew ? messages.welcome.passwordHint(minLength) : undefined}
      name={field}
      autoFocus
    />
  );
}
