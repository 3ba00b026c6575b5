import type { ChatMessage } from "@parley/sdk";
import { SendHorizontal, Users, X } from "lucide-react";
import { useState } from "react";
import { Form, TextArea, TextField } from "react-aria-components";
import { useMessages } from "../../messages/catalogue.js";
import { IconButton } from "../../ui/IconButton.js";
import { Select } from "../../ui/Select.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import styles from "./Composer.module.css";

const MAX_LENGTH = 4000;
/** Everybody in the same room. */
const HERE = "here";
const EVERYONE = "everyone";
const HOSTS = "hosts";

interface ComposerProps {
  /** The message that is being changed, if one is. */
  readonly editing: ChatMessage | null;
  readonly onEdited: () => void;
}

/** Where a message is written. Enter sends, with Shift it makes a new line. */
export function Composer({ editing, onEdited }: ComposerProps) {
  const messages = useMessages();
  const { room, state } = useRoom();
  const [text, setText] = useState("");
  const [wanted, setWanted] = useState(HERE);
  const [edited, setEdited] = useState<ChatMessage | null>(null);
  if (editing !== edited) {
    setEdited(editing);
    setText(editing?.text ?? "");
  }
  const addressees = useAddressees();
  if (state.self?.permissions.chat !== true) return <p className={styles.refused}>{messages.chat.notAllowed}</p>;

  const to = addressees.some(({ id }) => id === wanted) ? wanted : HERE;
  const toOthers = to === HERE ? undefined : addressees.find(({ id }) => id === to);
  const send = () => {
    const message = text.trim();
    if (message === "") return;
    setText("");
    onEdited();
    void attempt(messages, async () => {
      try {
        if (editing !== null) await room.editChat(editing.id, message);
        else await room.sendChat(message, to === HERE ? null : to);
      } catch (thrown) {
        // What could not be sent is not lost.
        setText((current) => (current === "" ? message : current));
        throw thrown;
      }
    });
  };
  const giveUp = () => {
    setText("");
    onEdited();
  };

  return (
    <div className={styles.composer}>
      {editing !== null && (
        <p className={styles.editing}>
          {messages.chat.editing}
          <IconButton label={messages.common.cancel} onPress={giveUp}>
            <X aria-hidden />
          </IconButton>
        </p>
      )}
      {editing === null && addressees.length > 1 && (
        <Select
          label={messages.chat.to}
          icon={<Users aria-hidden />}
          items={addressees}
          selected={to}
          placeholder={messages.chat.to}
          onSelect={setWanted}
        />
      )}
      <Form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <TextField
          aria-label={messages.chat.label}
          value={text}
          onChange={setText}
          maxLength={MAX_LENGTH}
          className={styles.field}
          autoFocus
        >
          <TextArea
            className={styles.input}
            placeholder={toOthers === undefined ? messages.chat.placeholder : messages.chat.writeTo(toOthers.label)}
            rows={1}
            onKeyDown={(event) => {
              if (event.key === "Escape" && editing !== null) {
                event.preventDefault();
                giveUp();
              }
              // While an input method composes, Enter takes its proposal.
              if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
              event.preventDefault();
              send();
            }}
          />
        </TextField>
        <IconButton type="submit" label={messages.chat.send} isDisabled={text.trim() === ""} className={styles.send}>
          <SendHorizontal aria-hidden />
        </IconButton>
      </Form>
    </div>
  );
}

/** Whom one may write to: all in the room, those who moderate to all rooms, the hosts, and where the rules allow it everybody alone. */
function useAddressees(): readonly { readonly id: string; readonly label: string }[] {
  const { chat, breakouts: rooms } = useMessages();
  const { state } = useRoom();
  const { self, participants, policy, breakouts } = state;
  const moderates = self?.permissions.moderate === true;
  const others = participants.filter((one) => !one.isSelf);
  const alone = others.filter((one) => policy.private_chat || moderates || one.permissions.moderate);
  const hasHosts = others.some((one) => one.permissions.moderate);
  return [
    { id: HERE, label: breakouts === null ? chat.everyone : rooms.thisRoom },
    ...(breakouts !== null && moderates ? [{ id: EVERYONE, label: rooms.allRooms }] : []),
    ...(hasHosts ? [{ id: HOSTS, label: chat.hosts }] : []),
    ...alone.map(({ id, name }) => ({ id, label: name })),
  ];
}
