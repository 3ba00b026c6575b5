import type { AccountRole, ManagedUser } from "@parley/sdk";
import { RefreshCw } from "lucide-react";
import { useState } from "react";
import { Form } from "react-aria-components";
import formStyles from "../../forms/Form.module.css";
import { useStepUp } from "../../factors/step-up/step-up.js";
import { useAccountOptions } from "../../account/useAccountOptions.js";
import { Failure } from "../../forms/Failure.js";
import { useAttempt } from "../../forms/useAttempt.js";
import { useMessages } from "../../messages/catalogue.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { OneOf } from "../../ui/Choices.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { Dialog } from "../../ui/Dialog.js";
import { Field } from "../../ui/Field.js";
import { IconButton } from "../../ui/IconButton.js";
import { Select } from "../../ui/Select.js";
import { showToast } from "../../ui/toasts.js";
import { useAdminMessages } from "../useAdminMessages.js";
import styles from "../Secret.module.css";
import { firstPassword, randomOctet } from "./first-password.js";

interface NewUserDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onCreated: () => void;
}

interface Given {
  readonly user: ManagedUser;
  readonly password: string;
}

/** Makes an account for somebody; a first password is shown once, to be passed on. */
export function NewUserDialog({ isOpen, onClose, onCreated }: NewUserDialogProps) {
  const texts = useAdminMessages().newUser;
  const [given, setGiven] = useState<Given | null>(null);
  const close = () => {
    setGiven(null);
    onClose();
  };
  return (
    <Dialog title={given === null ? texts.title : texts.doneTitle(given.user.displayName)} isOpen={isOpen} onClose={close} mustBeAnswered={given !== null}>
      {given === null ? (
        <NewUserForm
          onClose={close}
          onCreated={(user, password) => {
            onCreated();
            if (password !== null) {
              setGiven({ user, password });
              return;
            }
            showToast({ tone: "info", title: texts.mailed(user.email) });
            close();
          }}
        />
      ) : (
        <PassOn given={given} onClose={close} />
      )}
    </Dialog>
  );
}

interface NewUserFormProps {
  readonly onClose: () => void;
  /** `password`: what was given, null if a mail was sent. */
  readonly onCreated: (user: ManagedUser, password: string | null) => void;
}

function NewUserForm({ onClose, onCreated }: NewUserFormProps) {
  const messages = useMessages();
  const texts = useAdminMessages();
  const words = texts.newUser;
  const { api } = useSession();
  const guard = useStepUp();
  const options = useAccountOptions();
  const { isPending, error, run } = useAttempt();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<AccountRole>("member");
  const [way, setWay] = useState("mail");
  const [password, setPassword] = useState(() => firstPassword(randomOctet));
  const [problems, setProblems] = useState<{ name?: string | undefined; email?: string | undefined }>({});
  const isByMail = options.mail && way === "mail";

  const submit = async () => {
    const found = {
      name: name.trim() === "" ? words.nameMissing : undefined,
      email: email.trim() === "" ? messages.welcome.missing.email : undefined,
    };
    setProblems(found);
    if (found.name !== undefined || found.email !== undefined) return;
    await run(async () => {
      const input = { email: email.trim(), displayName: name.trim(), role, ...(!isByMail && { password }) };
      const done = await guard(() => api.administration.createUser(input));
      if (done !== null) onCreated(done.value, isByMail ? null : password);
    });
  };

  return (
    <Form
      className={formStyles.form}
      aria-label={words.title}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Failure error={error} texts={{ email_taken: words.emailTaken, weak_password: words.weak }} />
      <Field label={words.name} name="name" value={name} onChange={setName} error={problems.name} maxLength={64} autoFocus autoComplete="off" />
      <Field
        label={words.email}
        name="email"
        type="email"
        value={email}
        onChange={setEmail}
        error={problems.email ?? error?.fields.email}
        maxLength={254}
        autoComplete="off"
      />
      <div>
        <Select
          isLabelled
          label={texts.users.role}
          icon={null}
          items={(["member", "organiser", "administrator"] as const).map((id) => ({ id, label: texts.roles[id] ?? id }))}
          selected={role}
          placeholder={texts.users.role}
          onSelect={(id) => {
            setRole(id as AccountRole);
          }}
        />
        <p className={styles.hint}>{texts.roleHints[role]}</p>
      </div>
      {options.mail ? (
        <OneOf
          label={words.way}
          choices={[
            { id: "mail", label: words.byMail, hint: words.byMailHint },
            { id: "password", label: words.byPassword, hint: words.byPasswordHint },
          ]}
          selected={way}
          onSelect={setWay}
        />
      ) : (
        <p className={formStyles.note}>{words.mailOff}</p>
      )}
      {!isByMail && (
        <Field
          label={words.password}
          name="first-password"
          value={password}
          onChange={setPassword}
          maxLength={options.passwordMaxLength}
          autoComplete="off"
          trailing={
            <IconButton
              label={words.another}
              onPress={() => {
                setPassword(firstPassword(randomOctet));
              }}
            >
              <RefreshCw aria-hidden />
            </IconButton>
          }
        />
      )}
      <div className={formStyles.actions}>
        <Button onPress={onClose}>{messages.common.cancel}</Button>
        <Button type="submit" variant="primary" isPending={isPending}>
          {words.action}
        </Button>
      </div>
    </Form>
  );
}

function PassOn({ given: { user, password }, onClose }: { readonly given: Given; readonly onClose: () => void }) {
  const texts = useAdminMessages().newUser;
  return (
    <div className={formStyles.form}>
      <p className={formStyles.note}>{texts.doneText}</p>
      <div className={styles.secret}>
        <p>{user.email}</p>
        <p>
          <code>{password}</code>
        </p>
      </div>
      <div className={formStyles.actions}>
        <CopyButton text={password} label={texts.copyPassword} variant="primary" />
        <Button onPress={onClose}>{texts.done}</Button>
      </div>
    </div>
  );
}
