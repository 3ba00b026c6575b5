import type { OwnSession } from "@parley/sdk";
import { Laptop, LogOut, Smartphone, Tablet, Terminal } from "lucide-react";
import { useCallback, useRef, useState } from "react";
import { useLocale } from "react-aria-components";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { dayAndTime } from "../messages/time.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { ConfirmDialog } from "../ui/Dialog.js";
import { Spinner } from "../ui/Spinner.js";
import { showToast } from "../ui/toasts.js";
import { AccountSection } from "./AccountSection.js";
import { deviceForm, deviceName } from "./devices.js";
import styles from "./List.module.css";
import { LoadFailure } from "../loading/LoadFailure.js";
import { IconTile } from "../ui/IconTile.js";
import { useLoaded } from "../loading/useLoaded.js";

const ICONS = { computer: Laptop, phone: Smartphone, tablet: Tablet, program: Terminal };

/** Where somebody is signed in; what they do not know they end. */
export function SessionsPage() {
  const messages = useMessages();
  const texts = messages.account.sessions;
  const { api } = useSession();
  const sessions = useLoaded(
    useCallback(async () => ({ items: await api.account.listSessions(), at: Date.now() }), [api]),
  );
  const [isAsking, setAsking] = useState(false);
  const { isPending, error, run } = useAttempt();
  const list = useRef<HTMLUListElement>(null);

  const end = async (what: () => Promise<void>, done: string) => {
    const isDone = await run(what);
    sessions.reload();
    if (!isDone) return;
    showToast({ tone: "info", title: done });
    // The button that was pressed goes with its row.
    list.current?.focus();
  };

  if (sessions.value === null) {
    return (
      <AccountSection id="sessions">
        {sessions.error === null ? <Spinner /> : <LoadFailure of={sessions} />}
      </AccountSection>
    );
  }
  const { items, at } = sessions.value;
  return (
    <AccountSection id="sessions">
      <LoadFailure of={sessions} />
      <Failure error={error} />
      <ul ref={list} className={styles.list} tabIndex={-1} aria-label={messages.account.sections.sessions.title}>
        {items.map((session) => (
          <Row
            key={session.id}
            session={session}
            now={at}
            isBusy={isPending}
            onEnd={(device) => void end(() => api.account.endSession(session.id), texts.ended(device))}
          />
        ))}
      </ul>
      {items.length > 1 ? (
        <div className={styles.above}>
          <Button
            icon={<LogOut aria-hidden />}
            isPending={isPending}
            onPress={() => {
              setAsking(true);
            }}
          >
            {texts.endOthers}
          </Button>
        </div>
      ) : (
        <p className={styles.note}>{texts.onlyThis}</p>
      )}
      <p className={styles.note}>{texts.note}</p>
      <ConfirmDialog
        title={texts.endOthersTitle}
        text={texts.endOthersText}
        action={texts.endOthers}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={() => void end(() => api.account.endOtherSessions(), texts.othersEnded)}
      />
    </AccountSection>
  );
}

interface RowProps {
  readonly session: OwnSession;
  readonly now: number;
  readonly isBusy: boolean;
  readonly onEnd: (device: string) => void;
}

function Row({ session, now, isBusy, onEnd }: RowProps) {
  const messages = useMessages();
  const texts = messages.account.sessions;
  const { locale } = useLocale();
  const device = deviceName(messages, session.device);
  const Icon = ICONS[deviceForm(session.device)];
  const time = (text: string) => dayAndTime(Date.parse(text), now, locale);
  return (
    <li className={styles.row}>
      <IconTile isAccented={session.current}>
        <Icon />
      </IconTile>
      <div className={styles.what}>
        <p className={styles.name}>
          {device}
          {session.current && <span className={styles.here}>{texts.here}</span>}
        </p>
        <p className={styles.details}>
          <span>{session.current ? texts.usedNow : texts.used(time(session.usedAt))}</span>
          <span>{texts.since(time(session.createdAt))}</span>
          {session.network !== null && <span>{texts.network(session.network)}</span>}
        </p>
      </div>
      {!session.current && (
        <Button
          aria-label={texts.endOf(device)}
          isDisabled={isBusy}
          onPress={() => {
            onEnd(device);
          }}
        >
          {texts.end}
        </Button>
      )}
    </li>
  );
}
