import { X } from "lucide-react";
import { useId, type ReactNode } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { IconButton } from "../../ui/IconButton.js";
import styles from "./SidePanel.module.css";

interface SidePanelProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Beside the tiles; on a phone above them. Escape closes it. */
export function SidePanel({ title, onClose, children }: SidePanelProps) {
  const messages = useMessages();
  const id = useId();
  return (
    <aside
      aria-labelledby={id}
      className={styles.panel}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) onClose();
      }}
    >
      <header className={styles.header}>
        <h2 id={id} className={styles.title}>
          {title}
        </h2>
        <IconButton label={messages.common.close} onPress={onClose}>
          <X aria-hidden />
        </IconButton>
      </header>
      {children}
    </aside>
  );
}
