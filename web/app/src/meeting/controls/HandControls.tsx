import { Hand, SmilePlus } from "lucide-react";
import { useState } from "react";
import { Button, Dialog, DialogTrigger, Popover } from "react-aria-components";
import { useMessages } from "../../messages/catalogue.js";
import menuStyles from "../../ui/Menu.module.css";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import { BarButton } from "./BarButton.js";
import styles from "./HandControls.module.css";

export const REACTIONS = ["\u{1F44D}", "\u2764\uFE0F", "\u{1F44F}", "\u{1F602}", "\u{1F389}", "\u{1F62E}"] as const;

/** Raises and lowers one's hand. */
export function HandControl() {
  const messages = useMessages();
  const { room, state } = useRoom();
  const isRaised = state.self !== null && state.self.handRaised !== null;
  return (
    <span className={styles.wide}>
      <BarButton
        label={isRaised ? messages.hands.lower : messages.hands.raise}
        tone={isRaised ? "active" : "plain"}
        onPress={() => void attempt(messages, () => room.setHand(!isRaised))}
      >
        <Hand aria-hidden />
      </BarButton>
    </span>
  );
}

/** An emoji for everybody, for a moment. */
export function ReactionsControl() {
  const messages = useMessages();
  const { state } = useRoom();
  const [isOpen, setOpen] = useState(false);
  if (state.self?.permissions.chat !== true) return null;
  return (
    <span className={styles.wide}>
      <DialogTrigger isOpen={isOpen} onOpenChange={setOpen}>
        <BarButton label={messages.reactions.title}>
          <SmilePlus aria-hidden />
        </BarButton>
        <Popover placement="top" offset={10} className={menuStyles.popover}>
          <Dialog aria-label={messages.reactions.title} className={styles.dialog}>
            <ReactionRow
              onDone={() => {
                setOpen(false);
              }}
            />
          </Dialog>
        </Popover>
      </DialogTrigger>
    </span>
  );
}

/** The emojis themselves. */
export function ReactionRow({ onDone }: { readonly onDone: () => void }) {
  const messages = useMessages();
  const { room } = useRoom();
  return (
    <div className={styles.row}>
      {REACTIONS.map((emoji) => (
        <Button
          key={emoji}
          aria-label={messages.reactions.react(emoji)}
          className={styles.emoji}
          onPress={() => {
            onDone();
            void attempt(messages, () => room.react(emoji));
          }}
        >
          {emoji}
        </Button>
      ))}
    </div>
  );
}
