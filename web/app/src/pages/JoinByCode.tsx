import { useState } from "react";
import { Form } from "react-aria-components";
import { useNavigate } from "react-router";
import { meetingIdIn, meetingPath } from "../meetings/meeting-link.js";
import { rememberSecret, secretIn } from "../meetings/meeting-secret.js";
import { useMessages } from "../messages/catalogue.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import styles from "./JoinByCode.module.css";

/** To a meeting by its link or code. */
export function JoinByCode() {
  const messages = useMessages();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [error, setError] = useState<string | undefined>();
  return (
    <Form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        const id = meetingIdIn(text);
        if (id === null) setError(messages.joinByCode.invalid);
        else {
          const secret = secretIn(text);
          if (secret !== null) rememberSecret(id, secret);
          void navigate(meetingPath(id));
        }
      }}
    >
      <Field
        label={messages.joinByCode.label}
        placeholder={messages.joinByCode.placeholder}
        autoComplete="off"
        value={text}
        error={error}
        onChange={(value) => {
          setText(value);
          setError(undefined);
        }}
      />
      <Button type="submit">{messages.joinByCode.action}</Button>
    </Form>
  );
}
