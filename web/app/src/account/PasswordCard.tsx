import { asParleyError, type User } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { Failure } from "../forms/Failure.js";
import { PasswordField } from "../forms/PasswordField.js";
import { useAttempt } from "../forms/useAttempt.js";
import { problemText, useMessages } from "../messages/catalogue.js";
import { RequestKeys } from "../planning/request-keys.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Switch } from "../ui/Switch.js";
import { showToast } from "../ui/toasts.js";
import { Card } from "../ui/Card.js";
import styles from "../forms/Form.module.css";
import { useStepUp } from "../factors/step-up/step-up.js";
import { useAccountOptions } from "./useAccountOptions.js";

interface PasswordCardProps {
  readonly user: User;
  readonly hasPassword: boolean;
  readonly onChanged: () => void;
}

/** Another password, or a first one for who has come from elsewhere. */
export function PasswordCard({ user, hasPassword, onChanged }: PasswordCardProps) {
  const texts = useMessages().account.password;
  const [isChanging, setChanging] = useState(false);
  const action = hasPassword ? texts.changeAction : texts.setAction;
  return (
    <Card
      title={texts.title}
      lead={hasPassword ? texts.lead : texts.none}
      action={
        !isChanging && (
          <Button
            onPress={() => {
              setChanging(true);
            }}
          >
            {action}
          </Button>
        )
      }
    >
      {isChanging && (
        <PasswordForm
          user={user}
          hasPassword={hasPassword}
          onChanged={() => {
            showToast({ tone: "info", title: texts.changed });
            onChanged();
          }}
          onClose={() => {
            setChanging(false);
          }}
        />
      )}
    </Card>
  );
}

interface Problems {
  readonly current?: string | undefined;
  readonly chosen?: string | undefined;
}

function PasswordForm({ user, hasPassword, onChanged, onClose }: PasswordCardProps & { readonly onClose: () => void }) {
  const messages = useMessages();
  const texts = messages.account.password;
  const { api } = useSession();
  const guard = useStepUp();
  const { passwordMinLength } = useAccountOptions();
  const [current, setCurrent] = useState("");
  const [chosen, setChosen] = useState("");
  const [endOtherSessions, setEndOtherSessions] = useState(true);
  const [problems, setProblems] = useState<Problems>({});
  const [keys] = useState(() => new RequestKeys());
  const { isPending, error, run } = useAttempt();

  const missing = (): Problems => ({
    ...(hasPassword && current === "" && { current: messages.welcome.missing.password }),
    ...(Array.from(chosen).length < passwordMinLength && {
      chosen: messages.welcome.missing.passwordShort(passwordMinLength),
    }),
  });
  const change = async () => {
    const input = { newPassword: chosen, endOtherSessions, ...(hasPassword && { currentPassword: current }) };
    try {
      if ((await guard(() => api.account.changePassword(input, keys.of(input)))) === null) return;
    } catch (thrown) {
      const { code } = asParleyError(thrown);
      if (code === "invalid_credentials") setProblems({ current: texts.wrong });
      else if (code === "weak_password") setProblems({ chosen: problemText(messages, thrown) });
      else throw thrown;
      return;
    }
    onChanged();
    onClose();
  };
  const submit = async () => {
    const found = missing();
    setProblems(found);
    if (Object.keys(found).length === 0) await run(change);
  };

  return (
    <Form
      className={styles.form}
      aria-label={hasPassword ? texts.changeAction : texts.setAction}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Failure error={error} />
      {/* For password managers, which keep the two together. */}
      <input type="text" name="username" autoComplete="username" value={user.email} readOnly hidden />
      {hasPassword && (
        <PasswordField
          kind="current"
          label={texts.current}
          name="current"
          value={current}
          onChange={setCurrent}
          error={problems.current}
          autoFocus
        />
      )}
      <PasswordField
        kind="new"
        label={texts.new}
        hint={messages.welcome.passwordHint(passwordMinLength)}
        name="new"
        value={chosen}
        onChange={setChosen}
        error={problems.chosen}
        autoFocus={!hasPassword}
      />
      <Switch isSelected={endOtherSessions} onChange={setEndOtherSessions}>
        {texts.endOthers}
      </Switch>
      <div className={styles.actions}>
        <Button type="submit" variant="primary" isPending={isPending}>
          {messages.account.save}
        </Button>
        <Button onPress={onClose}>{messages.common.cancel}</Button>
      </div>
    </Form>
  );
}
