import { asParleyError, type ParleyApi, type ParleyError } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { useNavigate } from "react-router";
import { Failure } from "../forms/Failure.js";
import { PasswordField } from "../forms/PasswordField.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import { Notice } from "../ui/Notice.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import formStyles from "./AccountForm.module.css";
import { PageFrame } from "./PageFrame.js";
import styles from "./SignInPage.module.css";
import { useMailLink } from "./useMailLink.js";

/** What a page for accounts and mails asks for, and does with it. */
const ACTIONS = {
  "confirm-registration": {
    field: "password",
    run: (api: ParleyApi, token: string, password: string) => api.confirmRegistration({ token, password }),
  },
  "reset-password": {
    field: "newPassword",
    run: (api: ParleyApi, token: string, newPassword: string) => api.resetPassword({ token, newPassword }),
  },
  "undo-email": {
    field: "newPassword",
    run: (api: ParleyApi, token: string, newPassword: string) => api.undoEmail({ token, newPassword }),
  },
  "confirm-email": { field: null, run: (api: ParleyApi, token: string) => api.account.confirmEmail(token) },
  "forgotten-password": {
    field: "email",
    run: (api: ParleyApi, _: string, email: string) => api.forgotPassword(email.trim()),
  },
} as const;

export type MailAction = keyof typeof ACTIONS;

/** Where a mail's link leads: one thing to say or to enter, and done. */
export function MailLinkPage({ action }: { readonly action: MailAction }) {
  const messages = useMessages();
  const texts = messages.mailLinks[action];
  const { api, user, status } = useSession();
  const navigate = useNavigate();
  const token = useMailLink().get("token") ?? "";
  const [value, setValue] = useState("");
  const [failure, setFailure] = useState<ParleyError | null>(null);
  const [state, setState] = useState<"asking" | "pending" | "done">("asking");
  const { field, run } = ACTIONS[action];
  usePageTitle(`${texts.title} · ${messages.product}`);

  const submit = async () => {
    setFailure(null);
    setState("pending");
    try {
      await run(api, token, value);
      setState("done");
      if (action === "confirm-registration") void navigate("/", { replace: true });
    } catch (thrown) {
      setState("asking");
      setFailure(asParleyError(thrown));
    }
  };
  const mustSignIn = action === "confirm-email" && status === "known" && user === null;

  return (
    <PageFrame>
      <section className={styles.card} style={{ maxWidth: 440, margin: "auto", width: "100%" }}>
        <h1>{texts.title}</h1>
        {state === "done" ? (
          <>
            <Notice tone="info" title={texts.done} />
            <Button variant="primary" onPress={() => void navigate("/", { replace: true })}>
              {messages.common.backHome}
            </Button>
          </>
        ) : mustSignIn ? (
          <Notice tone="warning" title={messages.mailLinks.signInFirst} />
        ) : (
          <Form
            className={formStyles.form}
            onSubmit={(event) => {
              event.preventDefault();
              void submit();
            }}
          >
            <p>{texts.lead}</p>
            <Failure
              error={failure}
              texts={failure?.fields.token === undefined ? {} : { validation_failed: messages.mailLinks.noToken }}
            />
            {field !== null && (
              <ValueField field={field} value={value} onChange={setValue} />
            )}
            <Button type="submit" variant="primary" size="large" fullWidth isPending={state === "pending"}>
              {texts.action}
            </Button>
          </Form>
        )}
      </section>
    </PageFrame>
  );
}

interface ValueFieldProps {
  readonly field: "email" | "password" | "newPassword";
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function ValueField({ field, value, onChange }: ValueFieldProps) {
  const messages = useMessages();
  if (field === "email") {
    return (
      <Field label={messages.welcome.email} name={field} type="email" autoComplete="email" value={value} onChange={onChange} />
    );
  }
  const isNew = field === "newPassword";
  return (
    <PasswordField
      kind={isNew ? "new" : "current"}
      label={isNew ? messages.mailLinks.newPassword : messages.welcome.password}
      name={field}
      value={value}
      onChange={onChange}
    />
  );
}
