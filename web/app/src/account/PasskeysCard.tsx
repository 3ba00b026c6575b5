import { passkeysSupported, type Passkey } from "@parley/sdk";
import { Fingerprint, Pencil, Plus, Trash2 } from "lucide-react";
import { useRef, useState } from "react";
import { Form, useLocale } from "react-aria-components";
import { useStepUp } from "../factors/step-up/step-up.js";
import { suggestedPasskeyName } from "../factors/passkey-names.js";
import { Failure } from "../forms/Failure.js";
import formStyles from "../forms/Form.module.css";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { dayAndTime } from "../messages/time.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { ConfirmDialog, Dialog } from "../ui/Dialog.js";
import { Field } from "../ui/Field.js";
import { IconButton } from "../ui/IconButton.js";
import { Notice } from "../ui/Notice.js";
import { showToast } from "../ui/toasts.js";
import { Card } from "../ui/Card.js";
import styles from "./List.module.css";
import { IconTile } from "../ui/IconTile.js";
import { useAccountOptions } from "./useAccountOptions.js";

interface PasskeysCardProps {
  readonly passkeys: readonly Passkey[];
  readonly now: number;
  /** With recovery codes, if there are new ones. */
  readonly onChanged: (recoveryCodes: readonly string[] | null) => void;
}

/** The passkeys of an account: made, named and removed. */
export function PasskeysCard({ passkeys, now, onChanged }: PasskeysCardProps) {
  const texts = useMessages().account.passkeys;
  const { api } = useSession();
  const guard = useStepUp();
  const options = useAccountOptions();
  const [isAdding, setAdding] = useState(false);
  const [renaming, setRenaming] = useState<Passkey | null>(null);
  const [removing, setRemoving] = useState<Passkey | null>(null);
  const { error, run } = useAttempt();
  const list = useRef<HTMLUListElement>(null);
  const isPossible = options.passkeys && passkeysSupported();

  const remove = (passkey: Passkey) =>
    run(async () => {
      if ((await guard(() => api.factors.removePasskey(passkey.id))) === null) return;
      showToast({ tone: "info", title: texts.removed(passkey.name) });
      onChanged(null);
      // The button that was pressed goes with its row.
      list.current?.focus();
    });

  return (
    <Card
      title={texts.title}
      lead={texts.lead}
      action={
        isPossible &&
        !isAdding && (
          <Button
            icon={<Plus aria-hidden />}
            onPress={() => {
              setAdding(true);
            }}
          >
            {texts.add}
          </Button>
        )
      }
    >
      {options.isKnown && !isPossible && <Notice tone="info" title={options.passkeys ? texts.unsupported : texts.unavailable} />}
      <Failure error={error} texts={{ conflict: texts.needed }} />
      {isAdding && (
        <NewPasskey
          onClose={() => {
            setAdding(false);
          }}
          onAdded={onChanged}
        />
      )}
      {passkeys.length > 0 && (
        <ul ref={list} className={styles.inner} tabIndex={-1} aria-label={texts.title}>
          {passkeys.map((passkey) => (
            <Row key={passkey.id} passkey={passkey} now={now} onRename={setRenaming} onRemove={setRemoving} />
          ))}
        </ul>
      )}
      {renaming !== null && (
        <RenameDialog
          passkey={renaming}
          onClose={() => {
            setRenaming(null);
          }}
          onRenamed={() => {
            setRenaming(null);
            onChanged(null);
          }}
        />
      )}
      <ConfirmDialog
        title={texts.removeTitle(removing?.name ?? "")}
        text={texts.removeText}
        action={texts.removeAction}
        isOpen={removing !== null}
        onClose={() => {
          setRemoving(null);
        }}
        onConfirm={() => {
          if (removing !== null) void remove(removing);
        }}
      />
    </Card>
  );
}

interface RowProps {
  readonly passkey: Passkey;
  readonly now: number;
  readonly onRename: (passkey: Passkey) => void;
  readonly onRemove: (passkey: Passkey) => void;
}

function Row({ passkey, now, onRename, onRemove }: RowProps) {
  const texts = useMessages().account.passkeys;
  const { locale } = useLocale();
  const time = (text: string) => dayAndTime(Date.parse(text), now, locale);
  return (
    <li className={styles.row}>
      <IconTile>
        <Fingerprint />
      </IconTile>
      <div className={styles.what}>
        <p className={styles.name}>{passkey.name}</p>
        <p className={styles.details}>
          <span>{texts.created(time(passkey.createdAt))}</span>
          <span>{passkey.lastUsedAt === null ? texts.unused : texts.used(time(passkey.lastUsedAt))}</span>
          {passkey.backedUp && <span>{texts.synced}</span>}
        </p>
      </div>
      <div className={styles.buttons}>
        <IconButton
          label={texts.rename(passkey.name)}
          onPress={() => {
            onRename(passkey);
          }}
        >
          <Pencil aria-hidden />
        </IconButton>
        <IconButton
          label={texts.remove(passkey.name)}
          onPress={() => {
            onRemove(passkey);
          }}
        >
          <Trash2 aria-hidden />
        </IconButton>
      </div>
    </li>
  );
}

interface NewPasskeyProps {
  readonly onClose: () => void;
  readonly onAdded: (recoveryCodes: readonly string[] | null) => void;
}

function NewPasskey({ onClose, onAdded }: NewPasskeyProps) {
  const texts = useMessages().account.passkeys;
  const { api } = useSession();
  const guard = useStepUp();
  const attempt = useAttempt();
  const { error } = attempt;

  const add = (name: string) =>
    attempt.run(async () => {
      const done = await guard(() => api.factors.addPasskey(name));
      if (done === null) return;
      showToast({ tone: "info", title: texts.added(done.value.passkey.name) });
      onClose();
      onAdded(done.value.recoveryCodes);
    });

  return (
    <>
      {error?.code === "passkey_cancelled" ? (
        <Notice tone="info" title={texts.cancelled} />
      ) : (
        <Failure error={error} texts={{ conflict: texts.tooMany }} />
      )}
      <NameForm
        label={texts.add}
        name={suggestedPasskeyName(navigator.userAgent)}
        action={texts.create}
        isPending={attempt.isPending}
        onSubmit={add}
        onCancel={onClose}
      />
    </>
  );
}

interface RenameDialogProps {
  readonly passkey: Passkey;
  readonly onClose: () => void;
  readonly onRenamed: () => void;
}

function RenameDialog({ passkey, onClose, onRenamed }: RenameDialogProps) {
  const messages = useMessages();
  const texts = messages.account.passkeys;
  const { api } = useSession();
  const guard = useStepUp();
  const { isPending, error, run } = useAttempt();
  const rename = (name: string) =>
    run(async () => {
      if ((await guard(() => api.factors.renamePasskey(passkey.id, name))) !== null) onRenamed();
    });
  return (
    <Dialog title={texts.renameTitle} isOpen onClose={onClose}>
      <Failure error={error} />
      <NameForm
        label={texts.renameTitle}
        name={passkey.name}
        action={messages.account.save}
        isPending={isPending}
        onSubmit={rename}
        onCancel={onClose}
      />
    </Dialog>
  );
}

interface NameFormProps {
  readonly label: string;
  readonly name: string;
  readonly action: string;
  readonly isPending: boolean;
  readonly onSubmit: (name: string) => Promise<unknown>;
  readonly onCancel: () => void;
}

function NameForm({ label, name, action, isPending, onSubmit, onCancel }: NameFormProps) {
  const messages = useMessages();
  const texts = messages.account.passkeys;
  const [value, setValue] = useState(name);
  const [problem, setProblem] = useState<string | undefined>();
  const submit = () => {
    const typed = value.trim();
    setProblem(typed === "" ? texts.nameMissing : undefined);
    if (typed !== "") void onSubmit(typed);
  };
  return (
    <Form
      className={formStyles.form}
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Field
        label={texts.name}
        hint={texts.nameHint}
        name="name"
        autoComplete="off"
        maxLength={64}
        value={value}
        onChange={setValue}
        error={problem}
        autoFocus
      />
      <div className={formStyles.actions}>
        <Button type="submit" variant="primary" isPending={isPending}>
          {action}
        </Button>
        <Button onPress={onCancel}>{messages.common.cancel}</Button>
      </div>
    </Form>
  );
}
