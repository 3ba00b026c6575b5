import type { AccountRole, ManagedUser } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { Card } from "../../ui/Card.js";
import formStyles from "../../forms/Form.module.css";
import { useStepUp } from "../../factors/step-up/step-up.js";
import { Failure } from "../../forms/Failure.js";
import { useAttempt } from "../../forms/useAttempt.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Field } from "../../ui/Field.js";
import { Select } from "../../ui/Select.js";
import { showToast } from "../../ui/toasts.js";
import { ActionDialog } from "../ActionDialog.js";
import styles from "../Secret.module.css";
import { useAdminMessages } from "../useAdminMessages.js";

interface NameAndRoleCardProps {
  readonly user: ManagedUser;
  readonly isOwn: boolean;
  readonly onChanged: (user: ManagedUser) => void;
}

/** Changes what somebody is called, and what they may. */
export function NameAndRoleCard({ user, isOwn, onChanged }: NameAndRoleCardProps) {
  const texts = useAdminMessages();
  const words = texts.user;
  const { api } = useSession();
  const guard = useStepUp();
  const { isPending, error, run } = useAttempt();
  const [name, setName] = useState(user.displayName);
  const [role, setRole] = useState<AccountRole>(user.role);
  const [problem, setProblem] = useState<string | undefined>();
  const [isGivingUp, setGivingUp] = useState(false);
  const refusals = { last_administrator: words.last, conflict: words.bySetting, permission_denied: words.rank };

  const save = async () => {
    const change = {
      ...(name.trim() !== user.displayName && { displayName: name.trim() }),
      ...(role !== user.role && { role }),
    };
    const changed = await api.administration.updateUser(user.id, change);
    onChanged(changed);
    setName(changed.displayName);
    setRole(changed.role);
    showToast({ tone: "info", title: words.saved });
    // What one may do oneself is in the session.
    if (isOwn) await api.restore();
  };

  const submit = async () => {
    setProblem(name.trim() === "" ? texts.newUser.nameMissing : undefined);
    if (name.trim() === "") return;
    if (isOwn && user.role === "administrator" && role !== "administrator") {
      setGivingUp(true);
      return;
    }
    await run(() => guard(save));
  };

  return (
    <Card title={words.profile}>
      <Form
        className={formStyles.form}
        aria-label={words.profile}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Failure error={error} texts={refusals} />
        <Field
          label={words.name}
          name="name"
          value={name}
          onChange={setName}
          error={problem ?? error?.fields.display_name}
          maxLength={64}
          autoComplete="off"
        />
        <div>
          <Select
            isLabelled
            label={words.role}
            icon={null}
            items={(["member", "organiser", "administrator"] as const).map((id) => ({ id, label: texts.roles[id] ?? id }))}
            selected={role}
            placeholder={words.role}
            onSelect={(id) => {
              setRole(id as AccountRole);
            }}
          />
          <p className={styles.hint}>{texts.roleHints[role]}</p>
        </div>
        {role !== user.role && <p className={formStyles.note}>{words.roleNote}</p>}
        <div className={formStyles.actions}>
          <Button
            type="submit"
            variant="primary"
            isPending={isPending}
            isDisabled={name.trim() === user.displayName && role === user.role}
          >
            {words.save}
          </Button>
        </div>
      </Form>
      <ActionDialog
        title={words.demoteTitle}
        effects={words.demoteEffects}
        action={words.demoteAction}
        texts={refusals}
        isOpen={isGivingUp}
        onClose={() => {
          setGivingUp(false);
        }}
        onConfirm={save}
      />
    </Card>
  );
}
