import { asParleyError, type NewStreamKey, type StreamScope } from "@parley/sdk";
import { CalendarClock, DoorOpen } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Form } from "react-aria-components";
import { problemText, useMessages } from "../../messages/catalogue.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { Field } from "../../ui/Field.js";
import { Notice } from "../../ui/Notice.js";
import { Select } from "../../ui/Select.js";
import { useRoom } from "../meeting-room.js";
import styles from "./StreamKeys.module.css";

const DAY_MS = 86_400_000;
const LIFETIMES = ["none", "1", "7", "30"] as const;

interface NewStreamKeyFormProps {
  /** It takes the place of what was focused. */
  readonly isFocused: boolean;
  readonly onMade: (key: NewStreamKey) => void;
}

/** Name, door and end of a new key. */
export function NewStreamKeyForm({ isFocused, onMade }: NewStreamKeyFormProps) {
  const messages = useMessages();
  const { streamKeys } = messages;
  const { api } = useSession();
  const { meetingId } = useRoom();
  const [name, setName] = useState("");
  const [scope, setScope] = useState<StreamScope>("publish");
  const [days, setDays] = useState<string>("none");
  const [isPending, setPending] = useState(false);
  const [error, setError] = useState<{ readonly field?: string; readonly failure?: string }>({});

  const make = async () => {
    if (name.trim() === "") {
      setError({ field: streamKeys.nameMissing });
      return;
    }
    setError({});
    setPending(true);
    try {
      const expiresAt = days === "none" ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
      onMade(await api.createStreamKey(meetingId, { name, scope, expiresAt }));
    } catch (thrown) {
      const { code, fields } = asParleyError(thrown);
      if (fields.name !== undefined) setError({ field: fields.name });
      else setError({ failure: code === "conflict" ? streamKeys.tooMany : problemText(messages, thrown) });
      setPending(false);
    }
  };
  return (
    <Form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <Field
        label={streamKeys.name}
        hint={streamKeys.nameHint}
        value={name}
        onChange={setName}
        maxLength={64}
        autoFocus={isFocused}
        error={error.field}
      />
      <div className={styles.choices}>
        <Select
          label={streamKeys.scope}
          icon={<DoorOpen aria-hidden />}
          items={(["publish", "watch"] as const).map((id) => ({ id, label: streamKeys.scopes[id] }))}
          selected={scope}
          placeholder={streamKeys.scope}
          onSelect={(id) => {
            setScope(id === "watch" ? "watch" : "publish");
          }}
        />
        <Select
          label={streamKeys.lifetime}
          icon={<CalendarClock aria-hidden />}
          items={LIFETIMES.map((id) => ({ id, label: streamKeys.lifetimes[id] }))}
          selected={days}
          placeholder={streamKeys.lifetime}
          onSelect={setDays}
        />
      </div>
      {error.failure !== undefined && <Notice tone="error" title={error.failure} />}
      <Button type="submit" variant="primary" isPending={isPending}>
        {streamKeys.make}
      </Button>
    </Form>
  );
}

interface ShownStreamKeyProps {
  readonly made: NewStreamKey;
  readonly onDone: () => void;
}

/** Address and key, to be copied now. */
export function ShownStreamKey({ made, onDone }: ShownStreamKeyProps) {
  const { streamKeys } = useMessages();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // What was focused is gone; and this is what is to be read.
    heading.current?.focus();
  }, []);
  return (
    <section className={styles.shown} aria-labelledby="stream-key-shown">
      <h3 id="stream-key-shown" ref={heading} tabIndex={-1} className={styles.shownTitle}>
        {streamKeys.made(made.name)}
      </h3>
      <p className={styles.lead}>{streamKeys.once}</p>
      <Secret label={streamKeys.server} text={made.url} copy={streamKeys.copyServer} />
      <Secret label={streamKeys.key} text={made.key} copy={streamKeys.copyKey} />
      <Button onPress={onDone}>{streamKeys.done}</Button>
    </section>
  );
}

function Secret({ label, text, copy }: { readonly label: string; readonly text: string; readonly copy: string }) {
  return (
    <div className={styles.secret}>
      <span className={styles.secretLabel}>{label}</span>
      <div className={styles.secretFrame}>
        <code className={styles.secretText}>{text}</code>
        <CopyButton variant="icon" text={text} label={copy} />
      </div>
    </div>
  );
}
