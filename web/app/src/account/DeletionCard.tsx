import type { User } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { useNavigate } from "react-router";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Dialog } from "../ui/Dialog.js";
import { Field } from "../ui/Field.js";
import { showToast } from "../ui/toasts.js";
import { Card } from "../ui/Card.js";
import styles from "../forms/Form.module.css";
import { useStepUp } from "../factors/step-up/step-up.js";

/** Takes an account away: asked for twice, and with proof of who asks. */
export function DeletionCard({ user }: { readonly user: User }) {
  const texts = useMessages().account.deletion;
  const [isAsking, setAsking] = useState(false);
  return (
    <Card
      title={texts.title}
      lead={texts.lead}
      isDangerous
      action={
        <Button
          onPress={() => {
            setAsking(true);
          }}
        >
          {texts.action}
        </Button>
      }
    >
      <Dialog
        title={texts.question}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
      >
        <Question
          user={user}
          onCancel={() => {
            setAsking(false);
          }}
        />
      </Dialog>
    </Card>
  );
}

function Question({ user, onCancel }: { readonly user: User; readonly onCancel: () => void }) {
  const messages = useMessages();
  const texts = messages.account.deletion;
  const { api } = useSession();
  const guard = useStepUp();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const { isPending, error, run } = useAttempt();

  const submit = async () => {
    const isMeant = typed.trim().toLowerCase() === user.email;
    setProblem(isMeant ? undefined : texts.mismatch);
    if (!isMeant) return;
    await run(async () => {
      const done = await guard(() => api.account.delete());
      if (done === null) return;
      showToast({ tone: "info", title: texts.done });
      await navigate("/", { replace: true });
    });
  };

  return (
    <Form
      className={styles.form}
      aria-label={texts.question}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <ul className={styles.effects}>
        {texts.effects.map((effect) => (
          <li key={effect}>{effect}</li>
        ))}
      </ul>
      <Failure error={error} />
      <Field
        label={texts.confirm(user.email)}
        name="confirmation"
        autoComplete="off"
        value={typed}
        onChange={setTyped}
        error={problem}
      />
      <div className={styles.actions}>
        <Button onPress={onCancel}>{messages.common.cancel}</Button>
        <Button type="submit" variant="danger" isPending={isPending}>
          {texts.confirmAction}
        </Button>
      </div>
    </Form>
  );
}
