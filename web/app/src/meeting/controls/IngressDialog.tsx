import type { IngressState } from "@parley/sdk";
import { CircleStop, LoaderCircle, Radio } from "lucide-react";
import { useState } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { OneOf } from "../../ui/Choices.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { Dialog } from "../../ui/Dialog.js";
import { Field } from "../../ui/Field.js";
import { IconButton } from "../../ui/IconButton.js";
import { Notice } from "../../ui/Notice.js";
import { Switch } from "../../ui/Switch.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import styles from "./BroadcastDialog.module.css";

type Kind = IngressState["kind"];

const KINDS = ["url", "rtmp"] as const satisfies readonly Kind[];

interface IngressDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Bringing streams in: from where, what is needed for that, and how those do that are there. */
export function IngressDialog({ isOpen, onClose }: IngressDialogProps) {
  const { ingress: texts } = useMessages();
  return (
    <Dialog title={texts.title} isOpen={isOpen} onClose={onClose}>
      <div className={styles.parts}>
        <OpenStreams />
        <IngressForm onClose={onClose} />
      </div>
    </Dialog>
  );
}

function OpenStreams() {
  const messages = useMessages();
  const { ingress: texts } = messages;
  const { room, state } = useRoom();
  const ended = state.ingressEnd;
  return (
    <>
      {ended?.end === "failed" && (
        <Notice tone="error" title={texts.failed(ended.name)}>
          {ended.reason !== null && texts.reasons[ended.reason]}
        </Notice>
      )}
      {state.ingresses.length > 0 && (
        <div>
          <p className={styles.label}>{texts.open}</p>
          <ul className={styles.states} aria-live="polite">
            {state.ingresses.map((each) => (
              <li key={each.id} className={styles.state} data-state={each.state}>
                {each.state === "live" ? <Radio aria-hidden /> : <LoaderCircle aria-hidden />}
                <span className={styles.host}>
                  {each.name}
                  {each.address !== null && <span className={styles.hint}>{each.address}</span>}
                  {each.reason !== null && <span className={styles.hint}>{texts.reasons[each.reason]}</span>}
                </span>
                <span className={styles.word}>{texts.states[each.state]}</span>
                <IconButton
                  label={texts.stop(each.name)}
                  onPress={() => void attempt(messages, () => room.moderation.stopIngress(each.id))}
                >
                  <CircleStop aria-hidden />
                </IconButton>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function IngressForm({ onClose }: { readonly onClose: () => void }) {
  const messages = useMessages();
  const { ingress: texts } = messages;
  const { room } = useRoom();
  const [kind, setKind] = useState<Kind>("url");
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [isScreen, setScreen] = useState(false);
  const [isChecked, setChecked] = useState(false);
  const [isBeginning, setBeginning] = useState(false);
  const [opened, setOpened] = useState<{ readonly address: string; readonly streamKey: string } | null>(null);
  const isNameMissing = name.trim() === "";
  const isUrlBad = kind === "url" && !/^https?:\/\/[^\s/]+/.test(url);
  const begin = async () => {
    setChecked(true);
    if (isNameMissing || isUrlBad) return;
    setBeginning(true);
    await attempt(messages, async () => {
      const answer = await room.moderation.startIngress({ name, screen: isScreen, ...(kind === "url" && { url }) });
      const { address, streamKey } = answer;
      setOpened(address === null || streamKey === null ? null : { address, streamKey });
      setName("");
      setUrl("");
      setChecked(false);
    });
    setBeginning(false);
  };
  return (
    <form
      className={styles.parts}
      onSubmit={(event) => {
        event.preventDefault();
        void begin();
      }}
    >
      {opened !== null && (
        <div className={styles.link}>
          <p className={styles.label}>{texts.server}</p>
          <p className={styles.url}>{opened.address}</p>
          <p className={styles.hint}>{texts.keyHint}</p>
          <div className={styles.linkActions}>
            <CopyButton text={opened.address} label={texts.copyServer} />
            <CopyButton text={opened.streamKey} label={texts.copyKey} />
          </div>
        </div>
      )}
      <OneOf
        label={texts.from}
        choices={KINDS.map((id) => ({ id, ...texts.kinds[id] }))}
        selected={kind}
        onSelect={(id) => {
          setKind(id as Kind);
        }}
      />
      <Field label={texts.name} value={name} onChange={setName} error={isChecked && isNameMissing ? texts.nameMissing : undefined} />
      {kind === "url" && (
        <Field
          label={texts.url}
          type="url"
          autoComplete="off"
          value={url}
          onChange={setUrl}
          error={isChecked && isUrlBad ? texts.urlBad : undefined}
        />
      )}
      <Switch isSelected={isScreen} onChange={setScreen}>
        {texts.screen}
      </Switch>
      <p className={styles.hint}>{texts.hint}</p>
      <div className={styles.actions}>
        <Button onPress={onClose}>{messages.common.close}</Button>
        <Button variant="primary" type="submit" isPending={isBeginning}>
          {texts.begin}
        </Button>
      </div>
    </form>
  );
}
