import { Check, X } from "lucide-react";
import { useMessages } from "../../messages/catalogue.js";
import { Avatar } from "../../ui/Avatar.js";
import { Button } from "../../ui/Button.js";
import { IconButton } from "../../ui/IconButton.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import styles from "./PeoplePanel.module.css";

/** Who waits to be let in, for those who decide. */
export function Lobby() {
  const messages = useMessages();
  const { lobby: texts } = messages;
  const { room, state } = useRoom();
  if (state.lobby.length === 0) return null;
  return (
    <section className={styles.lobby} aria-label={texts.waiting(state.lobby.length)}>
      <div className={styles.lobbyHead}>
        <h3 className={styles.heading}>{texts.waiting(state.lobby.length)}</h3>
        {state.lobby.length > 1 && (
          <Button variant="quiet" onPress={() => void attempt(messages, () => room.moderation.admit())}>
            {texts.admitAll}
          </Button>
        )}
      </div>
      <ul>
        {state.lobby.map((guest) => (
          <li key={guest.id} className={styles.row}>
            <Avatar name={guest.name} identity={guest.id} size={36} />
            <div className={styles.who}>
              <p className={styles.name}>{guest.name}</p>
            </div>
            <IconButton
              label={texts.refuse(guest.name)}
              onPress={() => void attempt(messages, () => room.moderation.refuseEntry(guest.id))}
            >
              <X aria-hidden />
            </IconButton>
            <IconButton
              label={texts.admit(guest.name)}
              className={styles.admit}
              onPress={() => void attempt(messages, () => room.moderation.admit(guest.id))}
            >
              <Check aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
    </section>
  );
}
