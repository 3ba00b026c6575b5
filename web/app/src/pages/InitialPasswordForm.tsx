import { asParleyError } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { useAccountOptions } from "../account/useAccountOptions.js";
import { Failure } from "../forms/Failure.js";
import { PasswordField } from "../forms/PasswordField.js";
import { useAttempt } from "../forms/useAttempt.js";
import { problemText, useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import styles from "./AccountForm.module.css";

interface InitialPasswordFormProps {
  readonly email: string;
  /** The one that an administrator has given. */
  readonly password: string;
  /** Signs in with the new one. */
  readonly onReplaced: (password: string) => Promise<unknown>;
  readonly onBack: () => void;
}

/** Has somebody replace their first password, which an administrator knows, before they come in. */
export function InitialPasswordForm({ email, password, onReplaced, onBack }: InitialPasswordFormProps) {
  const messages = useMessages();
  const texts = messages.account.initialPassword;
  const { api } = useSession();
  const { passwordMinLength } = useAccountOptions();
  const [chosen, setChosen] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const { isPending, error, run } = useAttempt();

  const submit = async () => {
    if (Array.from(chosen).length < passwordMinLength) {
      setProblem(messages.welcome.missing.passwordShort(passwordMinLength));
      return;
    }
    if (chosen === password) {
      setProblem(texts.same);
      return;
    }
    setProblem(undefined);
    await run(async () => {
      try {
        await api.replaceInitialPassword({ email, password, newPassword: chosen });
      } catch (thrown) {
        if (asParleyError(thrown).code !== "weak_password") throw thrown;
        setProblem(problemText(messages, thrown));
        return;
      }
      await onReplaced(chosen);
    });
  };

  return (
    <Form
      className={styles.form}
      aria-label={texts.title}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h2 className={styles.title}>{texts.title}</h2>
      <p>{texts.lead}</p>
      <Failure error={error} />
      {/* For password managers, which keep the two together. */}
      <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
      <PasswordField
        kind="new"
        label={texts.new}
        hint={messages.welcome.passwordHint(passwordMinLength)}
        name="new"
        value={chosen}
        onChange={setChosen}
        error={problem}
        autoFocus
      />
      <Button type="submit" variant="primary" size="large" fullWidth isPending={isPending}>
        {texts.action}
      </Button>
      <Button variant="quiet" fullWidth onPress={onBack}>
        {messages.common.cancel}
      </Button>
    </Form>
  );
}
