import { asParleyError, newMeetingSecret, type Meeting, type User } from "@parley/sdk";
import { Link2, Video } from "lucide-react";
import { useState } from "react";
import { Form } from "react-aria-components";
import { useNavigate } from "react-router";
import { Failure } from "../forms/Failure.js";
import formStyles from "../forms/Form.module.css";
import { useAttempt } from "../forms/useAttempt.js";
import { meetingPath, meetingUrl } from "../meetings/meeting-link.js";
import { rememberSecret } from "../meetings/meeting-secret.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { CopyButton } from "../ui/CopyButton.js";
import { Dialog } from "../ui/Dialog.js";
import { Field } from "../ui/Field.js";
import { LinkButton } from "../ui/LinkButton.js";
import { Switch } from "../ui/Switch.js";
import styles from "./NewMeetingDialog.module.css";

interface NewMeetingDialogProps {
  readonly user: User;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onCreated: () => void;
}

/** Makes a meeting for now, and goes there or shows its link. */
export function NewMeetingDialog({ user, isOpen, onClose, onCreated }: NewMeetingDialogProps) {
  const texts = useMeetingMessages().new;
  const [created, setCreated] = useState<Meeting | null>(null);
  const close = () => {
    setCreated(null);
    onClose();
  };
  return (
    <Dialog title={created === null ? texts.title : texts.createdTitle} isOpen={isOpen} onClose={close}>
      {created === null ? (
        <NewMeeting
          user={user}
          onCreated={(meeting) => {
            setCreated(meeting);
            onCreated();
          }}
        />
      ) : (
        <Created meeting={created} />
      )}
    </Dialog>
  );
}

function NewMeeting({ user, onCreated }: { readonly user: User; readonly onCreated: (meeting: Meeting) => void }) {
  const messages = useMessages();
  const texts = useMeetingMessages();
  const navigate = useNavigate();
  const { api } = useSession();
  const [title, setTitle] = useState("");
  const [guestsAllowed, setGuestsAllowed] = useState(true);
  const [isEncrypted, setEncrypted] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();
  const { isPending, error, run } = useAttempt();

  const create = (andThen: (meeting: Meeting) => void) =>
    run(async () => {
      const name = title.trim() === "" ? texts.new.defaultTitle(user.displayName) : title.trim();
      try {
        const meeting = await api.meetings.create({ title: name, settings: { guestsAllowed } });
        if (isEncrypted) rememberSecret(meeting.id, newMeetingSecret());
        andThen(meeting);
      } catch (thrown) {
        const field = asParleyError(thrown).fields.title;
        if (field === undefined) throw thrown;
        setProblem(field);
      }
    });

  return (
    <Form
      className={formStyles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void create((meeting) => void navigate(meetingPath(meeting.id)));
      }}
    >
      <Failure error={error} />
      <Field
        label={texts.form.title}
        placeholder={texts.new.titlePlaceholder}
        maxLength={200}
        autoComplete="off"
        autoFocus
        value={title}
        onChange={(value) => {
          setTitle(value);
          setProblem(undefined);
        }}
        error={problem}
      />
      <Switch isSelected={guestsAllowed} onChange={setGuestsAllowed}>
        {texts.settings.guestsAllowed}
      </Switch>
      <Switch isSelected={isEncrypted} onChange={setEncrypted}>
        {messages.encryption.create}
      </Switch>
      <div className={styles.actions}>
        <Button type="submit" variant="primary" isDisabled={isPending} icon={<Video aria-hidden />}>
          {texts.new.start}
        </Button>
        <Button isDisabled={isPending} icon={<Link2 aria-hidden />} onPress={() => void create(onCreated)}>
          {texts.new.onlyLink}
        </Button>
      </div>
    </Form>
  );
}

function Created({ meeting }: { readonly meeting: Meeting }) {
  const messages = useMessages();
  const texts = useMeetingMessages().new;
  const url = meetingUrl(meeting.id);
  return (
    <>
      <p className={styles.lead}>{texts.createdLead}</p>
      <div className={styles.link}>
        <input
          readOnly
          value={url}
          aria-label={texts.linkLabel}
          className={styles.url}
          onFocus={(event) => {
            event.currentTarget.select();
          }}
        />
      </div>
      <div className={styles.actions}>
        <CopyButton text={url} label={messages.common.copyLink} />
        <LinkButton variant="primary" to={meetingPath(meeting.id)}>
          {texts.joinNow}
        </LinkButton>
      </div>
    </>
  );
}
