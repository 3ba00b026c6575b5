import type { IdentityProvider } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { Failure } from "../forms/Failure.js";
import { PasswordField } from "../forms/PasswordField.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Dialog } from "../ui/Dialog.js";
import { Field } from "../ui/Field.js";
import styles from "../forms/Form.module.css";
import { useStepUp } from "../factors/step-up/step-up.js";

interface DirectoryDialogProps {
  readonly provider: IdentityProvider;
  readonly onClose: () => void;
  readonly onLinked: () => void;
}

/** Links an identity at a directory, with its name and password. */
export function DirectoryDialog({ provider, onClose, onLinked }: DirectoryDialogProps) {
  const messages = useMessages();
  const texts = messages.account.connections;
  const { api } = useSession();
  const guard = useStepUp();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [isTried, setTried] = useState(false);
  const { isPending, error, run } = useAttempt();

  const submit = async () => {
    setTried(true);
    if (username.trim() === "" || password === "") return;
    await run(async () => {
      const input = { username: username.trim(), password };
      const done = await guard(() => api.account.linkDirectory(provider.id, input));
      if (done !== null) onLinked();
    });
  };

  return (
    <Dialog title={texts.linkOf(provider.name)} isOpen onClose={onClose}>
      <Form
        className={styles.form}
        aria-label={texts.linkOf(provider.name)}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p className={styles.note}>{texts.directoryLead(provider.name)}</p>
        <Failure error={error} texts={{ invalid_credentials: messages.welcome.providers.wrong, conflict: texts.tooMany }} />
        <Field
          label={messages.welcome.providers.username}
          name="username"
          autoComplete="off"
          maxLength={256}
          value={username}
          onChange={setUsername}
          error={isTried && username.trim() === "" ? messages.welcome.providers.usernameMissing : undefined}
          autoFocus
        />
        <PasswordField
          kind="current"
          label={messages.welcome.password}
          name="password"
          value={password}
          onChange={setPassword}
          error={isTried && password === "" ? messages.welcome.missing.password : undefined}
        />
        <Button type="submit" variant="primary" fullWidth isPending={isPending}>
          {texts.link}
        </Button>
      </Form>
    </Dialog>
  );
}
