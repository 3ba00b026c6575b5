import { asParleyError, type SecondFactorRequired } from "@parley/sdk";
import { useRef, useState } from "react";
import { Form } from "react-aria-components";
import { Link } from "react-router";
import { useAccountOptions } from "../account/useAccountOptions.js";
import { Failure } from "../forms/Failure.js";
import { PasswordField } from "../forms/PasswordField.js";
import { useAttempt } from "../forms/useAttempt.js";
import { problemText, useMessages } from "../messages/catalogue.js";
import type { Messages } from "../messages/en.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import styles from "./AccountForm.module.css";
import { RegistrationMailed } from "./RegistrationMailed.js";

type FieldName = "name" | "email" | "password";
type Values = Readonly<Record<FieldName, string>>;
type Errors = Partial<Record<FieldName, string | undefined>>;

/** The names that the server's problem documents give to the fields. */
const SERVER_FIELDS: Readonly<Record<string, FieldName>> = {
  display_name: "name",
  email: "email",
  password: "password",
};

function missing(values: Values, isNew: boolean, minLength: number, messages: Messages): Errors {
  const texts = messages.welcome.missing;
  const errors: Errors = {};
  if (isNew && values.name.trim() === "") errors.name = texts.name;
  if (values.email.trim() === "") errors.email = texts.email;
  else if (!/^\S+@\S+$/.test(values.email.trim())) errors.email = texts.emailShape;
  if (values.password === "") errors.password = texts.password;
  else if (isNew && Array.from(values.password).length < minLength) errors.password = texts.passwordShort(minLength);
  return errors;
}

interface AccountFormProps {
  readonly form: "sign-in" | "register";
  /** The password was given by an administrator, and has to be replaced. */
  readonly onInitialPassword: (email: string, password: string) => void;
  /** The password is right, and not enough. */
  readonly onSecondFactor: (step: SecondFactorRequired) => void;
}

/** Signs in, or makes an account and signs in. */
export function AccountForm({ form, onInitialPassword, onSecondFactor }: AccountFormProps) {
  const messages = useMessages();
  const { api } = useSession();
  const isNew = form === "register";
  const [values, setValues] = useState<Values>({ name: "", email: "", password: "" });
  const [errors, setErrors] = useState<Errors>({});
  const { mail, passwordMinLength: minLength } = useAccountOptions();
  const [mailedTo, setMailedTo] = useState<string | null>(null);
  const [isAgain, setAgain] = useState(false);
  const { isPending, error, run } = useAttempt();
  const element = useRef<HTMLFormElement>(null);

  const showErrors = (found: Errors) => {
    setErrors(found);
    const first = (["name", "email", "password"] as const).find((name) => found[name] !== undefined);
    if (first !== undefined) element.current?.querySelector<HTMLInputElement>(`[name="${first}"]`)?.focus();
  };
  const change = (name: FieldName) => (value: string) => {
    setValues((before) => ({ ...before, [name]: value }));
    setErrors((before) => ({ ...before, [name]: undefined }));
  };

  const send = async () => {
    const { name, password } = values;
    const email = values.email.trim();
    try {
      if (isNew) {
        const user = await api.register({ email, password, displayName: name.trim() });
        if (user === null) setMailedTo(email);
        return;
      }
      const answer = await api.login({ email, password });
      if ("status" in answer) onSecondFactor(answer);
    } catch (thrown) {
      const { code, fields } = asParleyError(thrown);
      if (code === "password_change_required") {
        onInitialPassword(email, password);
        return;
      }
      const byField: Errors = {};
      for (const [field, text] of Object.entries(fields)) {
        const known = SERVER_FIELDS[field];
        if (known !== undefined) byField[known] = text;
      }
      if (code === "weak_password") byField.password = problemText(messages, thrown);
      if (code === "email_taken") byField.email = problemText(messages, thrown);
      if (Object.keys(byField).length === 0) throw thrown;
      showErrors(byField);
    }
  };
  const submit = async () => {
    const found = missing(values, isNew, minLength, messages);
    showErrors(found);
    if (Object.keys(found).length === 0) await run(send);
  };

  if (mailedTo !== null) {
    return (
      <RegistrationMailed
        email={mailedTo}
        onAgain={() => {
          setMailedTo(null);
          setAgain(true);
        }}
      />
    );
  }
  return (
    <Form
      ref={element}
      className={styles.form}
      aria-label={isNew ? messages.welcome.registerTitle : messages.welcome.signInTitle}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Failure error={error} />
      {isNew && (
        <Field
          label={messages.welcome.name}
          hint={messages.welcome.nameHint}
          name="name"
          autoComplete="name"
          maxLength={64}
          value={values.name}
          onChange={change("name")}
          error={errors.name}
        />
      )}
      <Field
        label={messages.welcome.email}
        name="email"
        type="email"
        inputMode="email"
        autoComplete={isNew ? "email" : "username webauthn"}
        value={values.email}
        onChange={change("email")}
        error={errors.email}
        autoFocus={isAgain}
      />
      <PasswordField
        kind={isNew ? "new" : "current"}
        label={messages.welcome.password}
        hint={isNew ? messages.welcome.passwordHint(minLength) : undefined}
        name="password"
        value={values.password}
        onChange={change("password")}
        error={errors.password}
      />
      <Button type="submit" variant="primary" size="large" fullWidth isPending={isPending}>
        {isNew ? messages.welcome.registerAction : messages.welcome.signInAction}
      </Button>
      {!isNew && mail && <Link to="/forgotten-password">{messages.mailLinks.forgotten}</Link>}
    </Form>
  );
}
