import type { NewStreamKey, ParleyApi, StreamKey } from "@parley/sdk";
import { KeyRound, MonitorPlay, RadioTower, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { useLocale } from "react-aria-components";
import { problemText, useMessages } from "../../messages/catalogue.js";
import { dayAndTime } from "../../messages/time.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { ConfirmDialog, Dialog } from "../../ui/Dialog.js";
import { IconButton } from "../../ui/IconButton.js";
import { Notice } from "../../ui/Notice.js";
import { showToast } from "../../ui/toasts.js";
import { useRoom } from "../meeting-room.js";
import { useNow } from "../room/useNow.js";
import { NewStreamKeyForm, ShownStreamKey } from "./NewStreamKey.js";
import styles from "./StreamKeys.module.css";

interface StreamKeysProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** What encoders and players come in with: made here, copied once, and revoked. */
export function StreamKeysDialog({ isOpen, onClose }: StreamKeysProps) {
  const { streamKeys } = useMessages();
  const { policy } = useRoom().state;
  return (
    <Dialog title={streamKeys.title} isOpen={isOpen} onClose={onClose}>
      {policy.e2ee ? <Notice tone="info" title={streamKeys.encrypted} /> : <StreamKeys />}
    </Dialog>
  );
}

function StreamKeys() {
  const messages = useMessages();
  const { streamKeys } = messages;
  const { api } = useSession();
  const { meetingId } = useRoom();
  const { keys, failure, reload } = useStreamKeys(api, meetingId);
  const [made, setMade] = useState<NewStreamKey | null>(null);
  const [hasShown, setShown] = useState(false);
  const [revoking, setRevoking] = useState<StreamKey | null>(null);

  const revoke = async ({ id, name }: StreamKey) => {
    try {
      await api.revokeStreamKey(meetingId, id);
      if (made?.id === id) setMade(null);
      showToast({ tone: "info", title: streamKeys.revoked(name) });
    } catch (thrown) {
      showToast({ tone: "error", title: messages.notices.failed, text: problemText(messages, thrown) });
    }
    reload();
  };
  return (
    <div className={styles.body}>
      <p className={styles.lead}>{streamKeys.lead}</p>
      {made === null ? (
        <NewStreamKeyForm
          isFocused={hasShown}
          onMade={(key) => {
            setMade(key);
            reload();
          }}
        />
      ) : (
        <ShownStreamKey
          made={made}
          onDone={() => {
            setMade(null);
            setShown(true);
          }}
        />
      )}
      {failure !== null && <Notice tone="error" title={failure} action={<Button onPress={reload}>{messages.common.retry}</Button>} />}
      {keys !== null && keys.length > 0 && (
        <section>
          <h3 className={styles.heading}>{streamKeys.existing}</h3>
          <ul className={styles.keys} aria-label={streamKeys.existing}>
            {keys.map((key) => (
              <KeyRow key={key.id} streamKey={key} onRevoke={setRevoking} />
            ))}
          </ul>
        </section>
      )}
      <ConfirmDialog
        title={streamKeys.revokeTitle(revoking?.name ?? "")}
        text={streamKeys.revokeText}
        action={streamKeys.revokeAction}
        isOpen={revoking !== null}
        onClose={() => {
          setRevoking(null);
        }}
        onConfirm={() => {
          if (revoking !== null) void revoke(revoking);
        }}
      />
    </div>
  );
}

interface KeyRowProps {
  readonly streamKey: StreamKey;
  readonly onRevoke: (key: StreamKey) => void;
}

function KeyRow({ streamKey, onRevoke }: KeyRowProps) {
  const { streamKeys } = useMessages();
  const { locale } = useLocale();
  const { name, scope, expiresAt, lastUsedAt } = streamKey;
  const now = useNow();
  const time = (text: string) => dayAndTime(Date.parse(text), now, locale);
  const isExpired = expiresAt !== null && Date.parse(expiresAt) <= now;
  const Icon = scope === "publish" ? RadioTower : MonitorPlay;
  const facts = [
    streamKeys.scopes[scope],
    lastUsedAt === null ? streamKeys.neverUsed : streamKeys.lastUsed(time(lastUsedAt)),
    ...(expiresAt === null ? [] : [isExpired ? streamKeys.expired : streamKeys.endsAt(time(expiresAt))]),
  ];
  return (
    <li className={styles.key}>
      <Icon aria-hidden className={styles.scope} />
      <div className={styles.who}>
        <p className={styles.name}>{name}</p>
        <p className={styles.facts}>{facts.join(" · ")}</p>
      </div>
      <IconButton
        label={streamKeys.revoke(name)}
        onPress={() => {
          onRevoke(streamKey);
        }}
      >
        <Trash2 aria-hidden />
      </IconButton>
    </li>
  );
}

/** The button that opens the dialog, for the meeting's host: keys are made in the name of an account. */
export function StreamKeysButton({ onPress }: { readonly onPress: () => void }) {
  const { streamKeys } = useMessages();
  const { user } = useSession();
  const { self } = useRoom().state;
  if (user === null || self?.role !== "host") return null;
  return (
    <Button icon={<KeyRound aria-hidden />} onPress={onPress}>
      {streamKeys.title}
    </Button>
  );
}

interface Listed {
  readonly keys: readonly StreamKey[] | null;
  readonly failure: string | null;
  readonly reload: () => void;
}

function useStreamKeys(api: ParleyApi, meetingId: string): Listed {
  const messages = useMessages();
  const [attempt, setAttempt] = useState(0);
  const [listed, setListed] = useState<Omit<Listed, "reload">>({ keys: null, failure: null });
  useEffect(() => {
    let isCurrent = true;
    api.listStreamKeys(meetingId).then(
      (keys) => {
        if (isCurrent) setListed({ keys, failure: null });
      },
      (thrown: unknown) => {
        if (isCurrent) setListed(({ keys }) => ({ keys, failure: problemText(messages, thrown) }));
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [api, meetingId, messages, attempt]);
  return {
    ...listed,
    reload: () => {
      setAttempt((count) => count + 1);
    },
  };
}
