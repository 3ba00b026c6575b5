import { asParleyError } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import styles from "../forms/Form.module.css";
import { SaveFailure } from "../forms/SaveFailure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Dialog } from "../ui/Dialog.js";
import { Field } from "../ui/Field.js";
import { showToast } from "../ui/toasts.js";
import { useRecordingMessages } from "./useRecordingMessages.js";

interface RenameDialogProps {
  readonly id: string;
  readonly title: string;
  /** The one that is shown. */
  readonly version: string | null;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onRenamed: () => void;
}

/** Gives a recording another title. */
export function RenameDialog({ isOpen, onClose, ...form }: RenameDialogProps) {
  const texts = useRecordingMessages().rename;
  return (
    <Dialog title={texts.title} isOpen={isOpen} onClose={onClose}>
      <Rename {...form} onClose={onClose} />
    </Dialog>
  );
}

function Rename({ id, title: before, version, onClose, onRenamed }: Omit<RenameDialogProps, "isOpen">) {
  const texts = useRecordingMessages().rename;
  const { api } = useSession();
  const [title, setTitle] = useState(before);
  const [problem, setProblem] = useState<string | undefined>();
  const { error, isPending, run } = useAttempt();
  const save = async () => {
    if (title.trim() === "") {
      setProblem(texts.missing);
      return;
    }
    await run(async () => {
      try {
        await api.recordings.rename(id, title.trim(), version);
      } catch (thrown) {
        const field = asParleyError(thrown).fields.title;
        if (field === undefined) throw thrown;
        setProblem(field);
        return;
      }
      showToast({ tone: "info", title: texts.done });
      onRenamed();
      onClose();
    });
  };
  return (
    <Form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <SaveFailure
        error={error}
        texts={texts}
        onReload={() => {
          onRenamed();
          onClose();
        }}
      />
      <Field
        label={texts.label}
        maxLength={200}
        autoComplete="off"
        autoFocus
        value={title}
        error={problem}
        onChange={(text) => {
          setTitle(text);
          setProblem(undefined);
        }}
      />
      <div className={styles.actions}>
        <Button type="submit" variant="primary" isPending={isPending}>
          {texts.save}
        </Button>
      </div>
    </Form>
  );
}
