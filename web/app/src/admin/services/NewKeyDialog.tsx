import type { NewApiKey, ServiceAccount } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import formStyles from "../../forms/Form.module.css";
import { useStepUp } from "../../factors/step-up/step-up.js";
import { Failure } from "../../forms/Failure.js";
import { useAttempt } from "../../forms/useAttempt.js";
import { useMessages } from "../../messages/catalogue.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { SomeOf } from "../../ui/Choices.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { Dialog } from "../../ui/Dialog.js";
import { Select } from "../../ui/Select.js";
import styles from "../Secret.module.css";
import { useAdminMessages } from "../useAdminMessages.js";

const VALID_DAYS = [30, 90, 365];

interface NewKeyDialogProps {
  readonly account: ServiceAccount;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onCreated: () => void;
}

/** Makes a key, and shows it this once. */
export function NewKeyDialog({ account, isOpen, onClose, onCreated }: NewKeyDialogProps) {
  const words = useAdminMessages().services;
  const [made, setMade] = useState<NewApiKey | null>(null);
  const close = () => {
    setMade(null);
    onClose();
  };
  return (
    <Dialog
      title={made === null ? words.newKeyTitle : words.keyDoneTitle}
      isOpen={isOpen}
      onClose={close}
      mustBeAnswered={made !== null}
    >
      {made === null ? (
        <NewKeyForm
          account={account}
          onClose={close}
          onCreated={(key) => {
            setMade(key);
            onCreated();
          }}
        />
      ) : (
        <Shown account={account} made={made} onClose={close} />
      )}
    </Dialog>
  );
}

interface NewKeyFormProps {
  readonly account: ServiceAccount;
  readonly onClose: () => void;
  readonly onCreated: (key: NewApiKey) => void;
}

function NewKeyForm({ account, onClose, onCreated }: NewKeyFormProps) {
  const messages = useMessages();
  const texts = useAdminMessages();
  const words = texts.services;
  const { api } = useSession();
  const guard = useStepUp();
  const { isPending, error, run } = useAttempt();
  const [validity, setValidity] = useState("365");
  const [permissions, setPermissions] = useState<readonly string[]>(account.permissions);
  const [isChecked, setChecked] = useState(false);

  const submit = async () => {
    setChecked(true);
    if (permissions.length === 0) return;
    await run(async () => {
      const limits = validity === "forever" ? {} : { expiresInDays: Number(validity) };
      const done = await guard(() => api.administration.createApiKey(account.id, { permissions, ...limits }));
      if (done !== null) onCreated(done.value);
    });
  };

  return (
    <Form
      className={formStyles.form}
      aria-label={words.newKeyTitle}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Failure error={error} texts={{ conflict: words.tooMany }} />
      <Select
        isLabelled
        label={words.validity}
        icon={null}
        items={[...VALID_DAYS.map((days) => ({ id: `${days}`, label: words.days(days) })), { id: "forever", label: words.forever }]}
        selected={validity}
        placeholder={words.validity}
        onSelect={setValidity}
      />
      {account.permissions.length > 1 && (
        <SomeOf
          label={words.permissions}
          error={isChecked && permissions.length === 0 ? words.permissionsMissing : undefined}
          choices={account.permissions.map((id) => ({ id, label: texts.permissions[id]?.name ?? id }))}
          selected={permissions}
          onSelect={setPermissions}
        />
      )}
      <div className={formStyles.actions}>
        <Button onPress={onClose}>{messages.common.cancel}</Button>
        <Button type="submit" variant="primary" isPending={isPending}>
          {words.createKey}
        </Button>
      </div>
    </Form>
  );
}

interface ShownProps {
  readonly account: ServiceAccount;
  readonly made: NewApiKey;
  readonly onClose: () => void;
}

function Shown({ account, made, onClose }: ShownProps) {
  const words = useAdminMessages().services;
  const address = `${window.location.origin}/v1/auth/token`;
  const command = `curl -s ${address} \\\n  -u ${account.id}:$KEY \\\n  -d grant_type=client_credentials`;
  return (
    <div className={formStyles.form}>
      <p className={formStyles.note}>{words.once}</p>
      <div className={styles.secret}>
        <code aria-label={words.key} role="textbox" aria-readonly tabIndex={0}>
          {made.key}
        </code>
      </div>
      <div>
        <p className={formStyles.note}>{words.tryIt}</p>
        <pre className={styles.snippet}>{command}</pre>
      </div>
      <div className={formStyles.actions}>
        <CopyButton text={made.key} label={words.copyKey} variant="primary" />
        <Button onPress={onClose}>{words.done}</Button>
      </div>
    </div>
  );
}
