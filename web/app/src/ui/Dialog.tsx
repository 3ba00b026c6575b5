import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { useMessages } from "../messages/catalogue.js";
import { Button } from "./Button.js";
import styles from "./Dialog.module.css";
import { IconButton } from "./IconButton.js";

interface DialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** It is closed by what is in it alone, so that nobody loses by accident what is shown once. */
  readonly mustBeAnswered?: boolean;
  readonly children: ReactNode;
}

interface FrameProps {
  readonly role: "dialog" | "alertdialog";
  readonly mustBeAnswered?: boolean;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** What all windows above the page share. */
function Frame({ role, mustBeAnswered = false, isOpen, onClose, children }: FrameProps) {
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      isDismissable={!mustBeAnswered}
      isKeyboardDismissDisabled={mustBeAnswered}
      className={styles.overlay}
    >
      <Modal className={styles.modal}>
        <AriaDialog role={role} className={styles.dialog}>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** A window above the page that is closed by Escape, a click outside, or its button. */
export function Dialog({ title, isOpen, onClose, mustBeAnswered = false, children }: DialogProps) {
  const messages = useMessages();
  return (
    <Frame role="dialog" mustBeAnswered={mustBeAnswered} isOpen={isOpen} onClose={onClose}>
      <header className={styles.header}>
        <Heading slot="title" className={styles.title}>
          {title}
        </Heading>
        {!mustBeAnswered && (
          <IconButton label={messages.common.close} onPress={onClose}>
            <X aria-hidden />
          </IconButton>
        )}
      </header>
      {children}
    </Frame>
  );
}

interface ConfirmDialogProps {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onConfirm: () => void;
}

/** Asks before something that cannot be undone. */
export function ConfirmDialog({ title, text, action, isOpen, onClose, onConfirm }: ConfirmDialogProps) {
  const messages = useMessages();
  return (
    <Frame role="alertdialog" isOpen={isOpen} onClose={onClose}>
      <Heading slot="title" className={styles.title}>
        {title}
      </Heading>
      <p className={styles.text}>{text}</p>
      <div className={styles.actions}>
        <Button onPress={onClose} autoFocus>
          {messages.common.cancel}
        </Button>
        <Button
          variant="danger"
          onPress={() => {
            onClose();
            onConfirm();
          }}
        >
          {action}
        </Button>
      </div>
    </Frame>
  );
}
