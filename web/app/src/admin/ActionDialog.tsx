import type { ReactNode } from "react";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import styles from "../forms/Form.module.css";
import { useStepUp } from "../factors/step-up/step-up.js";
import { useMessages } from "../messages/catalogue.js";
import { Button } from "../ui/Button.js";
import { Dialog } from "../ui/Dialog.js";

interface ActionDialogProps {
  readonly title: string;
  /** What follows from it. */
  readonly effects: readonly string[];
  readonly action: string;
  /** What single codes mean here. */
  readonly texts?: Readonly<Record<string, string>>;
  /** What else is to be decided. */
  readonly children?: ReactNode;
  /** Something is not known or decided yet. */
  readonly isDisabled?: boolean;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onConfirm: () => Promise<void>;
}

/** Asks before something that others feel, proves who asks if need be, does it, and says what stands in the way. */
export function ActionDialog({ title, isOpen, onClose, ...question }: ActionDialogProps) {
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose}>
      <Question {...question} onClose={onClose} />
    </Dialog>
  );
}

type QuestionProps = Omit<ActionDialogProps, "title" | "isOpen">;

function Question({ effects, action, texts, children, isDisabled = false, onClose, onConfirm }: QuestionProps) {
  const messages = useMessages();
  const guard = useStepUp();
  const { isPending, error, run } = useAttempt();
  const confirm = () =>
    run(async () => {
      const done = await guard(() => onConfirm());
      if (done !== null) onClose();
    });
  return (
    <div className={styles.form}>
      <ul className={styles.effects}>
        {effects.map((effect) => (
          <li key={effect}>{effect}</li>
        ))}
      </ul>
      {children}
      <Failure error={error} {...(texts && { texts })} />
      <div className={styles.actions}>
        <Button onPress={onClose} autoFocus>
          {messages.common.cancel}
        </Button>
        <Button variant="danger" isPending={isPending} isDisabled={isDisabled} onPress={() => void confirm()}>
          {action}
        </Button>
      </div>
    </div>
  );
}
