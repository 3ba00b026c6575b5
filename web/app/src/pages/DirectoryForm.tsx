import type { IdentityProvider } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { problemText, useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import { Notice } from "../ui/Notice.js";
import styles from "./AccountForm.module.css";

interface DirectoryFormProps {
  readonly provider: IdentityProvider;
  readonly onBack: () => void;
}

/** Signs in with name and password of a directory. */
export function DirectoryForm({ provider, onBack }: DirectoryFormProps) {
  const messages = useMessages();
  const { api } = useSession();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [isTried, setTried] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [isPending, setPending] = useState(false);
  const texts = messages.welcome;

  const submit = async () => {
    setTried(true);
    setFailure(null);
    if (username.trim() === "" || password === "") return;
    setPending(true);
    try {
      await api.loginAtDirectory(provider.id, { username: username.trim(), password });
    } catch (thrown) {
      setPending(false);
      setFailure(problemText(messages, thrown));
    }
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
      {failure !== null && <Notice tone="error" title={failure} />}
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
      <Field
        label={texts.password}
        name="password"
        type="password"
        autoComplete="current-password"
        maxLength={256}
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
