import type { AnyMeeting } from "@parley/sdk";
import { useCallback } from "react";
import { useLocale } from "react-aria-components";
import { useParams } from "react-router";
import { SignedIn } from "../live/SignedIn.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { NotFoundPage } from "../pages/NotFoundPage.js";
import { PageFrame } from "../pages/PageFrame.js";
import { useSession } from "../session/session.js";
import { heldText } from "../overview/times.js";
import { BackLink, PageHead } from "../ui/PageHead.js";
import { Spinner } from "../ui/Spinner.js";
import { TabLinks } from "../ui/TabLinks.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { AttendanceTab } from "./AttendanceTab.js";
import { ChatTab } from "./ChatTab.js";
import styles from "./History.module.css";
import { NotesTab } from "./NotesTab.js";
import { PollsTab } from "./PollsTab.js";
import { RecordingsTab } from "./RecordingsTab.js";

/** What a time that people met has left behind: who was there, what was written, noted and asked. */
export function HistoryPage() {
  const { meetingId = "", session = "", tab } = useParams();
  if (!/^[1-9]\d{0,8}$/.test(session)) return <NotFoundPage />;
  return (
    <SignedIn>
      {() => (
        <PageFrame>
          <History key={`${meetingId} ${session}`} id={meetingId} session={Number(session)} tab={tab} />
        </PageFrame>
      )}
    </SignedIn>
  );
}

interface HistoryProps {
  readonly id: string;
  readonly session: number;
  readonly tab: string | undefined;
}

function History({ id, session, tab }: HistoryProps) {
  const messages = useMessages();
  const texts = useMeetingMessages();
  const { api } = useSession();
  const loaded = useLoaded<AnyMeeting>(useCallback(async () => (await api.meetings.read(id)).value, [api, id]));
  const meeting = loaded.value;
  usePageTitle(`${meeting?.title ?? texts.pageTitle} · ${messages.product}`);
  const isRun = meeting !== null && "settings" in meeting;
  const held = useLoaded(
    useCallback(async () => {
      if (!isRun) return null;
      const { items } = await api.meetings.sessions(id, undefined, AT_ONCE);
      return items.find(({ number }) => number === session) ?? null;
    }, [api, id, session, isRun]),
  );
  const { locale } = useLocale();
  const shown = isRun ? HOSTS_TABS : TABS;
  const current = shown.find((name) => name === tab) ?? shown[0];
  return (
    <div className={styles.page}>
      {meeting === null && loaded.error === null && <Spinner />}
      <LoadFailure of={loaded} />
      {meeting !== null && (
        <>
          <PageHead
            title={meeting.title}
            lead={held.value?.startedAt ? heldText(held.value.startedAt, held.value.endedAt, locale) : null}
            back={<BackLink to={`/meetings/${id}`}>{texts.history.back}</BackLink>}
          />
          <TabLinks
            label={texts.history.label}
            items={shown.map((name) => ({
              id: name,
              label: texts.history.tabs[name],
              to: `/meetings/${id}/sessions/${session}/${name}`,
            }))}
            current={current}
          />
          {current === "attendance" && <AttendanceTab id={id} session={session} />}
          {current === "chat" && <ChatTab id={id} session={session} />}
          {current === "notes" && <NotesTab id={id} session={session} />}
          {current === "polls" && <PollsTab id={id} session={session} />}
          {current === "recordings" && <RecordingsTab id={id} session={session} />}
        </>
      )}
    </div>
  );
}

/** Of that many of the last times it is known when they were. */
const AT_ONCE = 100;
const TABS = ["chat", "notes", "polls"] as const;
/** For those alone who run the meeting. */
const HOSTS_TABS = ["attendance", ...TABS, "recordings"] as const;
