import { SendHorizontal } from "lucide-react";
import { useState } from "react";
import { Form, TextArea, TextField } from "react-aria-components";
import { useMessages } from "../../messages/catalogue.js";
import { IconButton } from "../../ui/IconButton.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import styles from "./Composer.module.css";

const MAX_LENGTH = 4000;

/** Where a message is written. Enter sends, with Shift it makes a new line. */
export function Composer() {
  const messages = useMessages();
  const { room, state } = useRoom();
  const [text, setText] = useState("");
  if (state.self?.permissions.chat !== true) return <p className={styles.refused}>{messages.chat.notAllowed}</p>;

  const send = () => {
    const message = text.trim();
    if (message === "") return;
    setText("");
    void attempt(messages, async () => {
      try {
        await room.sendChat(message);
      } catch (thrown) {
        // What could not be sent is not lost.
        setText((current) => (current === "" ? message : current));
        throw thrown;
      }
    });
  };

  return (
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
          placeholder={messages.chat.placeholder}
          rows={1}
          onKeyDown={(event) => {
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
  );
}
