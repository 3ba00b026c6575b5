import type { RecordingKind, RecordingLayout } from "@parley/sdk";
import { useState } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { OneOf } from "../../ui/Choices.js";
import { Dialog } from "../../ui/Dialog.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import styles from "./RecordDialog.module.css";

const KINDS = ["composite", "audio", "tracks", "both"] as const satisfies readonly RecordingKind[];
const LAYOUTS = ["grid", "speaker"] as const satisfies readonly RecordingLayout[];

interface RecordDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** What a recording is to be like, before it begins. */
export function RecordDialog({ isOpen, onClose }: RecordDialogProps) {
  const messages = useMessages();
  const { recording: texts } = messages;
  return (
    <Dialog title={texts.start} isOpen={isOpen} onClose={onClose}>
      <Choices onClose={onClose} />
    </Dialog>
  );
}

function Choices({ onClose }: { readonly onClose: () => void }) {
  const messages = useMessages();
  const { recording: texts } = messages;
  const { room, state } = useRoom();
  const [kind, setKind] = useState<RecordingKind>(state.recordingKind);
  const [layout, setLayout] = useState<RecordingLayout>("grid");
  const hasPicture = kind === "composite" || kind === "both";
  return (
    <div className={styles.choices}>
      <OneOf
        label={texts.kind}
        choices={KINDS.map((id) => ({ id, ...texts.kinds[id] }))}
        selected={kind}
        onSelect={(id) => {
          setKind(id as RecordingKind);
        }}
      />
      {hasPicture && (
        <OneOf
          label={texts.layout}
          choices={LAYOUTS.map((id) => ({ id, ...texts.layouts[id] }))}
          selected={layout}
          onSelect={(id) => {
            setLayout(id as RecordingLayout);
          }}
        />
      )}
      <p className={styles.hint}>{texts.told}</p>
      <div className={styles.actions}>
        <Button onPress={onClose}>{messages.common.cancel}</Button>
        <Button
          variant="primary"
          onPress={() => {
            onClose();
            void attempt(messages, () => room.startRecording({ kind, layout }));
          }}
        >
          {texts.begin}
        </Button>
      </div>
    </div>
  );
}
