import { useLayoutEffect, useRef } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { Notice } from "../../ui/Notice.js";
import { Switch } from "../../ui/Switch.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import { placeAfter } from "./caret.js";
import styles from "./NotesPanel.module.css";
import { SidePanel } from "./SidePanel.js";

/** As many characters as shared notes have at the most. */
const MAX_LENGTH = 30_000;

/** One text that everybody reads, and that several write at once. */
export function NotesPanel({ onClose }: { readonly onClose: () => void }) {
  const messages = useMessages();
  const { notes: texts } = messages;
  const { room, state } = useRoom();
  const { self, policy, notes } = state;
  const moderates = self?.permissions.moderate === true;
  const isLocked = !policy.notes && !moderates;
  const mayWrite = self?.permissions.notes === true && !isLocked;
  return (
    <SidePanel title={texts.title} onClose={onClose}>
      <div className={styles.body}>
        {policy.e2ee && <p className={styles.about}>{texts.notEncrypted}</p>}
        <TakenBack />
        <Text mayWrite={mayWrite} />
        <div className={styles.foot}>
          <p className={styles.about}>
            {mayWrite ? (notes.isSaved ? texts.saved : texts.saving) : isLocked ? texts.locked : texts.notAllowed}
          </p>
        </div>
        {moderates && (
          <Switch
            isSelected={policy.notes}
            onChange={(isOn) => void attempt(messages, () => room.moderation.setPolicy({ notes: isOn }))}
          >
            {messages.hosting.notes}
          </Switch>
        )}
      </div>
    </SidePanel>
  );
}

/** That something was not taken, and what: so that it can be copied, however the notes go on. */
function TakenBack() {
  const { notes: texts } = useMessages();
  const { room, state } = useRoom();
  const { refusal, takenBack } = state.notes;
  if (refusal === null && takenBack === "") return null;
  const title = refusal === null ? texts.takenBack : refusal === "notes_full" ? texts.full : texts.refused;
  return (
    <Notice tone="error" title={title}>
      {takenBack !== "" && (
        <div className={styles.takenBack}>
          <textarea aria-label={texts.takenBack} className={styles.rescued} readOnly rows={3} value={takenBack} />
          <Button
            onPress={() => {
              room.notes.dismiss();
            }}
          >
            {texts.dismiss}
          </Button>
        </div>
      )}
    </Notice>
  );
}

/** The text itself. What others write comes in around the caret, and while an input method composes, after it has. */
function Text({ mayWrite }: { readonly mayWrite: boolean }) {
  const { notes: texts } = useMessages();
  const { room } = useRoom();
  const area = useRef<HTMLTextAreaElement>(null);
  const shown = useRef("");
  const isComposing = useRef(false);
  const show = (next: string) => {
    const element = area.current;
    if (element === null || isComposing.current) return;
    if (element.value !== next) {
      const { value: before, selectionStart, selectionEnd, selectionDirection, scrollTop } = element;
      element.value = next;
      element.setSelectionRange(
        placeAfter(before, next, selectionStart),
        placeAfter(before, next, selectionEnd),
        selectionDirection,
      );
      element.scrollTop = scrollTop;
    }
    shown.current = next;
  };
  const write = (written: string) => {
    if (isComposing.current) return;
    room.notes.write(written, shown.current);
    shown.current = written;
    show(room.notes.state.text);
  };
  // Whatever this was rendered for: what is shown is never older than what was written.
  useLayoutEffect(() => {
    show(room.notes.state.text);
  });
  return (
    <textarea
      ref={area}
      className={styles.area}
      aria-label={texts.label}
      placeholder={mayWrite ? texts.placeholder : texts.empty}
      readOnly={!mayWrite}
      maxLength={MAX_LENGTH}
      spellCheck
      onInput={(event) => {
        write(event.currentTarget.value);
      }}
      onCompositionStart={() => {
        isComposing.current = true;
      }}
      onCompositionEnd={(event) => {
        isComposing.current = false;
        write(event.currentTarget.value);
      }}
    />
  );
}
