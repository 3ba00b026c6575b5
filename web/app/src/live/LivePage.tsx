import type { LiveRoom, User } from "@parley/sdk";
import { Lock, MonitorPlay } from "lucide-react";
import { lazy, Suspense } from "react";
import { useLocale } from "react-aria-components";
import { Link } from "react-router";
import { problemText, useMessages } from "../messages/catalogue.js";
import { dayAndTime } from "../messages/time.js";
import { useNow } from "../meeting/room/useNow.js";
import { PageFrame } from "../pages/PageFrame.js";
import { Empty } from "../ui/Empty.js";
import { Notice } from "../ui/Notice.js";
import { Spinner } from "../ui/Spinner.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import styles from "./LivePage.module.css";
import { SignedIn } from "./SignedIn.js";
import { useLiveRooms } from "./watching.js";

// Administrators have this page among theirs; others need none of that code.
const LiveSection = lazy(async () => ({ default: (await import("../admin/LiveSection.js")).LiveSection }));

/** The meetings in which somebody is now: one's own, for an administrator all. */
export function LivePage() {
  const messages = useMessages();
  usePageTitle(`${messages.live.title} · ${messages.product}`);
  return <SignedIn>{(user) => <Rooms user={user} />}</SignedIn>;
}

function Rooms({ user }: { readonly user: User }) {
  const messages = useMessages();
  const texts = messages.live;
  const { value: rooms, error } = useLiveRooms();
  const content = (
    <>
      <h1 className={styles.title}>{texts.title}</h1>
      <p className={styles.lead}>{user.administrator ? texts.leadAdministrator : texts.lead}</p>
      {error !== null && (
        <Notice tone="error" title={texts.failed}>
          {problemText(messages, error)}
        </Notice>
      )}
      {rooms === null && error === null && <Spinner />}
      {rooms?.length === 0 && (
        <Empty icon={<MonitorPlay aria-hidden />} title={texts.emptyTitle} text={texts.emptyText} />
      )}
      {rooms !== null && rooms.length > 0 && (
        <ul className={styles.list}>
          {rooms.map((room) => (
            <Row key={room.meetingId} room={room} />
          ))}
        </ul>
      )}
    </>
  );
  if (!user.administrator) return <PageFrame>{content}</PageFrame>;
  return (
    <Suspense fallback={<Spinner />}>
      <LiveSection user={user}>{content}</LiveSection>
    </Suspense>
  );
}

function Row({ room }: { readonly room: LiveRoom }) {
  const texts = useMessages().live;
  const { locale } = useLocale();
  const now = useNow();
  const title = room.title ?? texts.untitled;
  return (
    <li className={styles.row}>
      <Link to={`/live/${room.meetingId}`} className={styles.name} aria-label={texts.open(title)}>
        {title}
      </Link>
      <p className={styles.details}>
        <strong>{texts.people(room.participants)}</strong>
        {room.waiting > 0 && <span>{texts.waiting(room.waiting)}</span>}
        {room.locked && <Lock role="img" aria-label={texts.locked} className={styles.locked} />}
        <span>{texts.since(dayAndTime(Date.parse(room.startedAt), now, locale))}</span>
        <span>{room.nodeId === null ? texts.noNode : texts.node(room.nodeId)}</span>
        <span className={styles.code}>{room.meetingId}</span>
      </p>
    </li>
  );
}
