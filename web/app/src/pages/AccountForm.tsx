import { asParleyError } from "@parley/sdk";
import { Eye, EyeOff } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Form } from "react-aria-components";
import { Link } from "react-router";
import { problemText, useMessages } from "../messages/catalogue.js";
import type { Messages } from "../messages/en.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import { IconButton } from "../ui/IconButton.js";
import { Notice } from "../ui/Notice.js";
import styles from "./AccountForm.module.css";

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

/** Signs in, or makes an account and signs in. */
export function AccountForm({ form }: { readonly form: "sign-in" | "register" }) {
  const messages = useMessages();
  const { api } = useSession();
  const isNew = form === "register";
  const [values, setValues] = useState<Values>({ name: "", email: "", password: "" });
  const [errors, setErrors] = useState<Errors>({});
  const [failure, setFailure] = useState<string | null>(null);
  const [isPending, setPending] = useState(false);
  const [isShown, setShown] = useState(false);
  const [minLength, setMinLength] = useState(10);
  const [sendsMail, setSendsMail] = useState(false);
  const [mailedTo, setMailedTo] = useState<string | null>(null);
  const element = useRef<HTMLFormElement>(null);

  useEffect(() => {
    // Without them the server still says what it does not take.
    void api.getAccountOptions().then(
      (options) => {
        setMinLength(options.passwordMinLength);
        setSendsMail(options.mail);
      },
      () => undefined,
    );
  }, [api]);

  const showErrors = (found: Errors) => {
    setErrors(found);
    const first = (["name", "email", "password"] as const).find((name) => found[name] !== undefined);
    if (first !== undefined) element.current?.querySelector<HTMLInputElement>(`[name="${first}"]`)?.focus();
  };
  const change = (name: FieldName) => (value: string) => {
    setValues((before) => ({ ...before, [name]: value }));
    setErrors((before) => ({ ...before, [name]: undefined }));
  };

  const submit = async () => {
    setFailure(null);
    const found = missing(values, isNew, minLength, messages);
    showErrors(found);
    if (Object.keys(found).length > 0) return;
    setPending(true);
    const { name, email, password } = values;
    try {
      const user = await (isNew
        ? api.register({ email: email.trim(), password, displayName: name.trim() })
        : api.login({ email: email.trim(), password }));
      if (user === null) setMailedTo(email.trim());
    } catch (thrown) {
      setPending(false);
      const byField: Errors = {};
      for (const [field, text] of Object.entries(asParleyError(thrown).fields)) {
        const known = SERVER_FIELDS[field];
        if (known !== undefined) byField[known] = text;
      }
      const { code } = asParleyError(thrown);
      if (code === "weak_password") byField.password = problemText(messages, thrown);
      if (code === "email_taken") byField.email = problemText(messages, thrown);
      if (Object.keys(byField).length > 0) showErrors(byField);
      else setFailure(problemText(messages, thrown));
    }
  };

  if (mailedTo !== null) return <Notice tone="info" title={messages.welcome.checkMail(mailedTo)} />;
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
      {failure !== null && <Notice tone="error" title={failure} />}
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
        autoComplete="email"
        value={values.email}
        onChange={change("email")}
        error={errors.email}
      />
      <Field
        label={messages.welcome.password}
        hint={isNew ? messages.welcome.passwordHint(minLength) : undefined}
        name="password"
        type={isShown ? "text" : "password"}
        autoComplete={isNew ? "new-password" : "current-password"}
        maxLength={256}
        value={values.password}
        onChange={change("password")}
        error={errors.password}
        trailing={
          <IconButton
            label={isShown ? messages.welcome.hidePassword : messages.welcome.showPassword}
            onPress={() => {
              setShown(!isShown);
            }}
          >
            {isShown ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
          </IconButton>
        }
      />
      <Button type="submit" variant="primary" size="large" fullWidth isPending={isPending}>
        {isNew ? messages.welcome.registerAction : messages.welcome.signInAction}
      </Button>
      {!isNew && sendsMail && <Link to="/forgotten-password">{messages.mailLinks.forgotten}</Link>}
    </Form>
  );
}
