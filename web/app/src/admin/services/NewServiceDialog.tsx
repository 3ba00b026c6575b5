import type { ServiceAccount } from "@parley/sdk";
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
import { Dialog } from "../../ui/Dialog.js";
import { Field } from "../../ui/Field.js";
import { useAdministrator } from "../AdminPage.js";
import { useAdminMessages } from "../useAdminMessages.js";
import { grantableBy } from "./permissions.js";

interface NewServiceDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onCreated: (account: ServiceAccount) => void;
}

/** Makes a service account: what it is called, and what it may do. */
export function NewServiceDialog({ isOpen, onClose, onCreated }: NewServiceDialogProps) {
  const texts = useAdminMessages().services;
  return (
    <Dialog title={texts.add} isOpen={isOpen} onClose={onClose}>
      <NewServiceForm onClose={onClose} onCreated={onCreated} />
    </Dialog>
  );
}

function NewServiceForm({ onClose, onCreated }: Omit<NewServiceDialogProps, "isOpen">) {
  const messages = useMessages();
  const texts = useAdminMessages();
  const words = texts.services;
  const { api } = useSession();
  const guard = useStepUp();
  const grantable = grantableBy(useAdministrator());
  const { isPending, error, run } = useAttempt();
  const [name, setName] = useState("");
  const [permissions, setPermissions] = useState<readonly string[]>([]);
  const [isChecked, setChecked] = useState(false);

  const submit = async () => {
    setChecked(true);
    if (name.trim() === "" || permissions.length === 0) return;
    await run(async () => {
      const done = await guard(() => api.administration.createServiceAccount({ name: name.trim(), permissions }));
      if (done === null) return;
      onClose();
      onCreated(done.value);
    });
  };

  return (
    <Form
      className={formStyles.form}
      aria-label={words.add}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Failure error={error} />
      <Field
        label={words.name}
        hint={words.nameHint}
        name="name"
        value={name}
        onChange={setName}
        error={isChecked && name.trim() === "" ? words.nameMissing : error?.fields.name}
        maxLength={64}
        autoComplete="off"
        autoFocus
      />
      <SomeOf
        label={words.permissions}
        hint={words.permissionsHint}
        error={isChecked && permissions.length === 0 ? words.permissionsMissing : undefined}
        choices={Object.entries(texts.permissions)
          .filter(([id]) => grantable.includes(id))
          .map(([id, { name: label, hint }]) => ({ id, label, hint }))}
        selected={permissions}
        onSelect={setPermissions}
      />
      <div className={formStyles.actions}>
        <Button onPress={onClose}>{messages.common.cancel}</Button>
        <Button type="submit" variant="primary" isPending={isPending}>
          {words.create}
        </Button>
      </div>
    </Form>
  );
}
