import type { BroadcastState, BroadcastTargetState } from "@parley/sdk";
import { CircleAlert, ExternalLink, LoaderCircle, Radio } from "lucide-react";
import { useState } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { watchUrl } from "../../watch/watch-link.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import styles from "./BroadcastDialog.module.css";

interface BroadcastStatusProps {
  readonly broadcast: BroadcastState;
  readonly onClose: () => void;
}

const ICONS = { connecting: <LoaderCircle aria-hidden />, live: <Radio aria-hidden />, failed: <CircleAlert aria-hidden /> };

/** How the live stream does, its link, and its end. */
export function BroadcastStatus({ broadcast, onClose }: BroadcastStatusProps) {
  const messages = useMessages();
  const { broadcast: texts } = messages;
  const { room } = useRoom();
  const [isAsking, setAsking] = useState(false);
  const stop = () => {
    onClose();
    void attempt(messages, () => room.stopBroadcast());
  };
  return (
    <div className={styles.parts}>
      {broadcast.watchKey !== null && <WatchLink watchKey={broadcast.watchKey} />}
      {broadcast.targets.length > 0 && (
        <div>
          <p className={styles.label}>{texts.targets}</p>
          <ul className={styles.states} aria-live="polite">
            {broadcast.targets.map((each) => (
              <Target key={each.id} target={each} />
            ))}
          </ul>
        </div>
      )}
      {isAsking && <p>{texts.stopText}</p>}
      <div className={styles.actions}>
        <Button onPress={onClose}>{messages.common.close}</Button>
        <Button
          variant="danger"
          onPress={() => {
            if (isAsking) stop();
            else setAsking(true);
          }}
        >
          {isAsking ? texts.stopTitle : texts.stop}
        </Button>
      </div>
    </div>
  );
}

function WatchLink({ watchKey }: { readonly watchKey: string }) {
  const { broadcast: texts } = useMessages();
  const url = watchUrl(watchKey);
  return (
    <div className={styles.link}>
      <p className={styles.label}>{texts.link}</p>
      <p className={styles.url}>{url}</p>
      <p className={styles.hint}>{texts.watchHint}</p>
      <div className={styles.linkActions}>
        <CopyButton text={url} label={texts.copyLink} />
        <a href={url} target="_blank" rel="noreferrer" className={styles.open}>
          <ExternalLink aria-hidden />
          {texts.open}
        </a>
      </div>
    </div>
  );
}

function Target({ target }: { readonly target: BroadcastTargetState }) {
  const { broadcast: texts } = useMessages();
  return (
    <li className={styles.state} data-state={target.state}>
      {ICONS[target.state]}
      <span className={styles.host}>
        {target.host}
        {target.reason !== null && target.state !== "live" && (
          <span className={styles.hint}>{texts.reasons[target.reason]}</span>
        )}
      </span>
      <span className={styles.word}>{texts.states[target.state]}</span>
    </li>
  );
}
