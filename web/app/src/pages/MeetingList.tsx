import type { Meeting, ParleyApi } from "@parley/sdk";
import { CalendarClock, Users } from "lucide-react";
import { useEffect, useState } from "react";
import { useLocale } from "react-aria-components";
import { Link } from "react-router";
import { meetingPath, meetingUrl } from "../meetings/meeting-link.js";
import { StatusLabel } from "../meetings/StatusLabel.js";
import { problemText, useMessages } from "../messages/catalogue.js";
import { dayAndTime } from "../messages/time.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { cx } from "../ui/class-names.js";
import { CopyButton } from "../ui/CopyButton.js";
import { Notice } from "../ui/Notice.js";
import { Spinner } from "../ui/Spinner.js";
import styles from "./MeetingList.module.css";

interface Listing {
  readonly items: readonly Meeting[];
  readonly nextCursor: string | null;
  readonly loadedAt: number;
}

type Loaded = { readonly listing: Listing } | { readonly error: unknown } | null;

async function load(api: ParleyApi, before?: Listing): Promise<Listing> {
  const page = await api.listMeetings(before?.nextCursor ?? undefined);
  return { items: [...(before?.items ?? []), ...page.items], nextCursor: page.nextCursor, loadedAt: Date.now() };
}

/** One's own meetings, newest first. */
export function MeetingList() {
  const messages = useMessages();
  const { api } = useSession();
  const [loaded, setLoaded] = useState<Loaded>(null);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    let isCurrent = true;
    load(api).then(
      (listing) => {
        if (isCurrent) setLoaded({ listing });
      },
      (error: unknown) => {
        if (isCurrent) setLoaded({ error });
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [api, attempt]);

  return (
    <section className={styles.section} aria-labelledby="meetings-title">
      <h2 id="meetings-title" className={styles.title}>
        {messages.home.listTitle}
      </h2>
      {loaded === null && <Spinner />}
      {loaded !== null && "error" in loaded && (
        <Notice
          tone="error"
          title={messages.home.listFailed}
          action={
            <Button
              onPress={() => {
                setLoaded(null);
                setAttempt(attempt + 1);
              }}
            >
              {messages.common.retry}
            </Button>
          }
        >
          {problemText(messages, loaded.error)}
        </Notice>
      )}
      {loaded !== null && "listing" in loaded && (
        <Rows
          listing={loaded.listing}
          onMore={async () => {
            setLoaded({ listing: await load(api, loaded.listing) });
          }}
        />
      )}
    </section>
  );
}

function Rows({ listing, onMore }: { readonly listing: Listing; readonly onMore: () => Promise<void> }) {
  const messages = useMessages();
  const [failure, setFailure] = useState<string | null>(null);
  const [isPending, setPending] = useState(false);
  if (listing.items.length === 0) {
    return (
      <div className={styles.empty}>
        <CalendarClock aria-hidden />
        <p className={styles.emptyTitle}>{messages.home.emptyTitle}</p>
        <p>{messages.home.emptyText}</p>
      </div>
    );
  }
  const more = async () => {
    setPending(true);
    setFailure(null);
    try {
      await onMore();
    } catch (thrown) {
      setFailure(problemText(messages, thrown));
    }
    setPending(false);
  };
  return (
    <>
      <ul className={styles.list}>
        {listing.items.map((meeting) => (
          <Row key={meeting.id} meeting={meeting} now={listing.loadedAt} />
        ))}
      </ul>
      {failure !== null && <Notice tone="error" title={failure} />}
      {listing.nextCursor !== null && (
        <Button isPending={isPending} onPress={() => void more()}>
          {messages.home.more}
        </Button>
      )}
    </>
  );
}

function Row({ meeting, now }: { readonly meeting: Meeting; readonly now: number }) {
  const messages = useMessages();
  const { locale } = useLocale();
  const isOver = meeting.status === "ended";
  const when = meeting.endedAt ?? meeting.createdAt;
  const time = dayAndTime(Date.parse(when), now, locale);
  return (
    <li className={cx(styles.row, isOver && styles.over)}>
      <div className={styles.what}>
        {isOver ? (
          <span className={styles.name}>{meeting.title}</span>
        ) : (
          <Link to={meetingPath(meeting.id)} className={styles.name} aria-label={messages.home.open(meeting.title)}>
            {meeting.title}
          </Link>
        )}
        <p className={styles.details}>
          <StatusLabel status={meeting.status}>{messages.home.status[meeting.status]}</StatusLabel>
          <span>{isOver ? messages.home.endedOn(time) : messages.home.createdOn(time)}</span>
          <span className={styles.code}>{meeting.id}</span>
          {meeting.guestsAllowed && !isOver && (
            <Users role="img" aria-label={messages.home.guests} className={styles.guests} />
          )}
        </p>
      </div>
      {!isOver && (
        <CopyButton text={meetingUrl(meeting.id)} label={messages.home.copyLinkOf(meeting.title)} variant="icon" />
      )}
    </li>
  );
}
