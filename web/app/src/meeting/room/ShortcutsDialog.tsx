import { useMessages } from "../../messages/catalogue.js";
import { Dialog } from "../../ui/Dialog.js";
import styles from "./ShortcutsDialog.module.css";
import { shortcutText } from "./shortcuts.js";

interface ShortcutsDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

const NAMES = ["microphone", "camera", "chat", "people", "help"] as const;

export function ShortcutsDialog({ isOpen, onClose }: ShortcutsDialogProps) {
  const { shortcuts } = useMessages();
  return (
    <Dialog title={shortcuts.title} isOpen={isOpen} onClose={onClose}>
      <dl className={styles.list}>
        {NAMES.map((name) => (
          <div key={name} className={styles.row}>
            <dt>{shortcuts[name]}</dt>
            <dd>
              <kbd className={styles.keys}>{shortcutText(name)}</kbd>
            </dd>
          </div>
        ))}
      </dl>
      <p className={styles.note}>{shortcuts.note}</p>
    </Dialog>
  );
}
