import { Hand, MicOff, UserCheck } from "lucide-react";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { Dialog } from "../../ui/Dialog.js";
import { Switch } from "../../ui/Switch.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import styles from "./HostControls.module.css";

const RULES = ["locked", "lobby", "unmute", "rename", "private_chat", "notes", "direct"] as const;

interface HostControlsProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** The rules of the meeting, and what is done to all at once. */
export function HostControls({ isOpen, onClose }: HostControlsProps) {
  const messages = useMessages();
  const { hosting, hands } = messages;
  const { room, state } = useRoom();
  return (
    <Dialog title={hosting.title} isOpen={isOpen} onClose={onClose}>
      <div className={styles.body}>
        <div className={styles.actions}>
          <Button
            icon={<MicOff aria-hidden />}
            onPress={() => void attempt(messages, () => room.moderation.muteAll("microphone"))}
          >
            {hosting.muteAll}
          </Button>
          <Button
            icon={<Hand aria-hidden />}
            isDisabled={state.participants.every(({ handRaised }) => handRaised === null)}
            onPress={() => void attempt(messages, () => room.moderation.lowerAllHands())}
          >
            {hands.lowerAll}
          </Button>
        </div>
        <div className={styles.rules}>
          {RULES.map((rule) => (
            <Switch
              key={rule}
              isSelected={state.policy[rule]}
              onChange={(isOn) => void attempt(messages, () => room.moderation.setPolicy({ [rule]: isOn }))}
            >
              {hosting[rule]}
            </Switch>
          ))}
        </div>
        {state.banned.length > 0 && (
          <section>
            <h3 className={styles.heading}>{hosting.banned}</h3>
            <ul className={styles.banned}>
              {state.banned.map(({ identity, name }) => (
                <li key={identity} className={styles.person}>
                  <span className={styles.name}>{name}</span>
                  <Button
                    variant="quiet"
                    icon={<UserCheck aria-hidden />}
                    aria-label={hosting.unban(name)}
                    onPress={() => void attempt(messages, () => room.moderation.unban(identity))}
                  >
                    {hosting.unban(name)}
                  </Button>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </Dialog>
  );
}
