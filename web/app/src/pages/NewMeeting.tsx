import { asParleyError, newMeetingSecret, type Meeting, type User } from "@parley/sdk";
import { Video } from "lucide-react";
import { useState } from "react";
import { Form } from "react-aria-components";
import { useNavigate } from "react-router";
import { meetingPath, meetingUrl } from "../meetings/meeting-link.js";
import { rememberSecret } from "../meetings/meeting-secret.js";
import { problemText, useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { CopyButton } from "../ui/CopyButton.js";
import { Dialog } from "../ui/Dialog.js";
import { Field } from "../ui/Field.js";
import { Notice } from "../ui/Notice.js";
import { Switch } from "../ui/Switch.js";
import cards from "./HomePage.module.css";
import styles from "./NewMeeting.module.css";

interface NewMeetingProps {
  readonly user: User;
  readonly onCreated: () => void;
}

/** Makes a meeting, then shows its link. */
export function NewMeeting({ user, onCreated }: NewMeetingProps) {
  const messages = useMessages();
  const { api } = useSession();
  const [title, setTitle] = useState("");
  const [guestsAllowed, setGuestsAllowed] = useState(true);
  const [isEncrypted, setEncrypted] = useState(false);
  const [error, setError] = useState<{ readonly field?: string; readonly failure?: string }>({});
  const [isPending, setPending] = useState(false);
  const [created, setCreated] = useState<Meeting | null>(null);

  const create = async () => {
    setError({});
    setPending(true);
    try {
      const name = title.trim() === "" ? messages.home.defaultTitle(user.displayName) : title.trim();
      const meeting = await api.createMeeting({ title: name, guestsAllowed });
      if (isEncrypted) rememberSecret(meeting.id, newMeetingSecret());
      setCreated(meeting);
      setTitle("");
      onCreated();
    } catch (thrown) {
      const field = asParleyError(thrown).fields.title;
      setError(field === undefined ? { failure: problemText(messages, thrown) } : { field });
    } finally {
      setPending(false);
    }
  };

  return (
    <section className={cards.card}>
      <h2 className={cards.cardTitle}>{messages.home.newTitle}</h2>
      <p className={cards.cardLead}>{messages.home.newLead}</p>
      <Form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        {error.failure !== undefined && <Notice tone="error" title={error.failure} />}
        <Field
          label={messages.home.titleLabel}
          placeholder={messages.home.titlePlaceholder}
          maxLength={200}
          autoComplete="off"
          value={title}
          onChange={setTitle}
          error={error.field}
        />
        <Switch isSelected={guestsAllowed} onChange={setGuestsAllowed}>
          {messages.home.guests}
        </Switch>
        <Switch isSelected={isEncrypted} onChange={setEncrypted}>
          {messages.encryption.create}
        </Switch>
        <Button type="submit" variant="primary" size="large" fullWidth isPending={isPending} icon={<Video aria-hidden />}>
          {messages.home.create}
        </Button>
      </Form>
      <CreatedDialog
        meeting={created}
        onClose={() => {
          setCreated(null);
        }}
      />
    </section>
  );
}

function CreatedDialog({ meeting, onClose }: { readonly meeting: Meeting | null; readonly onClose: () => void }) {
  const messages = useMessages();
  const navigate = useNavigate();
  const url = meeting === null ? "" : meetingUrl(meeting.id);
  return (
    <Dialog title={messages.home.createdTitle} isOpen={meeting !== null} onClose={onClose}>
      <p className={styles.lead}>{messages.home.createdLead}</p>
      <div className={styles.link}>
        <input
          readOnly
          value={url}
          aria-label={messages.home.linkLabel}
          className={styles.url}
          onFocus={(event) => {
            event.currentTarget.select();
          }}
        />
      </div>
      <div className={styles.actions}>
        <CopyButton text={url} label={messages.common.copyLink} />
        <Button
          variant="primary"
          onPress={() => {
            if (meeting !== null) void navigate(meetingPath(meeting.id));
          }}
        >
          {messages.home.joinNow}
        </Button>
      </div>
    </Dialog>
  );
}
