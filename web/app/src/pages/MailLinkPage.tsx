import { asParleyError, type ParleyApi } from "@parley/sdk";
import { useEffect, useState } from "react";
import { Form } from "react-aria-components";
import { useNavigate } from "react-router";
import { problemText, useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import { Notice } from "../ui/Notice.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import formStyles from "./AccountForm.module.css";
import { PageFrame } from "./PageFrame.js";
import styles from "./SignInPage.module.css";

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
  "confirm-email": { field: null, run: (api: ParleyApi, token: string) => api.confirmEmail(token) },
  "forgotten-password": {
    field: "email",
    run: (api: ParleyApi, _: string, email: string) => api.forgotPassword(email.trim()),
  },
} as const;

const AUTO_COMPLETE = { email: "email", password: "current-password", newPassword: "new-password" } as const;

export type MailAction = keyof typeof ACTIONS;

/** What stands behind `#token=` in the link of a mail. It is in no request but the one that uses it. */
function tokenOfLink(): string {
  return new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
}

/** Where a mail's link leads: one thing to say or to enter, and done. */
export function MailLinkPage({ action }: { readonly action: MailAction }) {
  const messages = useMessages();
  const texts = messages.mailLinks[action];
  const { api, user, status } = useSession();
  const navigate = useNavigate();
  const [token] = useState(tokenOfLink);
  const [value, setValue] = useState("");
  const [failure, setFailure] = useState<string | null>(null);
  const [state, setState] = useState<"asking" | "pending" | "done">("asking");
  const { field, run } = ACTIONS[action];
  usePageTitle(`${texts.title} · ${messages.product}`);

  useEffect(() => {
    // The token stays out of the history, and out of what is shown.
    if (location.hash !== "") history.replaceState(history.state, "", location.pathname);
  }, []);

  const submit = async () => {
    setFailure(null);
    setState("pending");
    try {
      await run(api, token, value);
      setState("done");
      if (action === "confirm-registration") void navigate("/", { replace: true });
    } catch (thrown) {
      setState("asking");
      const isNoToken = asParleyError(thrown).fields.token !== undefined;
      setFailure(isNoToken ? messages.mailLinks.noToken : problemText(messages, thrown));
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
            {failure !== null && <Notice tone="error" title={failure} />}
            {field !== null && (
              <Field
                label={field === "newPassword" ? messages.mailLinks.newPassword : messages.welcome[field]}
                name={field}
                type={field === "email" ? "email" : "password"}
                autoComplete={AUTO_COMPLETE[field]}
                maxLength={256}
                value={value}
                onChange={setValue}
              />
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
