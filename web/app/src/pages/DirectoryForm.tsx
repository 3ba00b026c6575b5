import type { IdentityProvider, SecondFactorRequired } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { Failure } from "../forms/Failure.js";
import { PasswordField } from "../forms/PasswordField.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import styles from "./AccountForm.module.css";

interface DirectoryFormProps {
  readonly provider: IdentityProvider;
  readonly onBack: () => void;
  /** The password is right, and not enough. */
  readonly onSecondFactor: (step: SecondFactorRequired) => void;
}

/** Signs in with name and password of a directory. */
export function DirectoryForm({ provider, onBack, onSecondFactor }: DirectoryFormProps) {
  const messages = useMessages();
  const { api } = useSession();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [isTried, setTried] = useState(false);
  const { isPending, error, run } = useAttempt();
  const texts = messages.welcome;

  const submit = async () => {
    setTried(true);
    if (username.trim() === "" || password === "") return;
    await run(async () => {
      const answer = await api.loginAtDirectory(provider.id, { username: username.trim(), password });
      if ("status" in answer) onSecondFactor(answer);
    });
  };

  return (
    <Form
      className={styles.form}
      aria-label={texts.providers.directoryTitle(provider.name)}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h2 className={styles.title}>{texts.providers.directoryTitle(provider.name)}</h2>
      <Failure error={error} texts={{ invalid_credentials: texts.providers.wrong }} />
      <Field
        label={texts.providers.username}
        name="username"
        autoComplete="username"
        maxLength={256}
        value={username}
        onChange={setUsername}
        error={isTried && username.trim() === "" ? texts.providers.usernameMissing : undefined}
        autoFocus
      />
      <PasswordField
        kind="current"
        label={texts.password}
        name="password"
        value={password}
        onChange={setPassword}
        error={isTried && password === "" ? texts.missing.password : undefined}
      />
      <Button type="submit" variant="primary" size="large" fullWidth isPending={isPending}>
        {texts.signInAction}
      </Button>
      <Button variant="quiet" fullWidth onPress={onBack}>
        {texts.providers.back}
      </Button>
    </Form>
  );
}
