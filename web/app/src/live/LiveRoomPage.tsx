import { EyeOff, MoonStar } from "lucide-react";
import { useMemo, useState } from "react";
import { useLocale } from "react-aria-components";
import { Link, useNavigate, useParams } from "react-router";
import { problemText, useMessages } from "../messages/catalogue.js";
import { clockTime } from "../messages/time.js";
import { useMeeting } from "../meeting/useMeeting.js";
import { MessagePanel } from "../pages/MessagePanel.js";
import { PageFrame } from "../pages/PageFrame.js";
import { Button } from "../ui/Button.js";
import { Notice } from "../ui/Notice.js";
import { isWeak, LEVELS } from "../ui/quality.js";
import { SignalIcon } from "../ui/SignalIcon.js";
import { Spinner } from "../ui/Spinner.js";
import { Switch } from "../ui/Switch.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { latestOf } from "./history.js";
import styles from "./LiveRoomPage.module.css";
import { PeopleTable } from "./PeopleTable.js";
import { SignedIn } from "./SignedIn.js";
import { useParticipants, useRoomHistory, type RoomSeen, type Watched } from "./watching.js";

/** From so many people on, one may want to see only those with a weak connection. */
const MANY_PEOPLE = 9;

/** How the media of everybody in one meeting does, over the last minutes. */
export function LiveRoomPage() {
  const { meetingId = "" } = useParams();
  return <SignedIn>{() => <LiveRoom key={meetingId} meetingId={meetingId} />}</SignedIn>;
}

function LiveRoom({ meetingId }: { readonly meetingId: string }) {
  const messages = useMessages();
  const { meeting } = useMeeting(meetingId);
  const seen = useRoomHistory(meetingId);
  const title = meeting?.title ?? meetingId;
  usePageTitle(`${title} · ${messages.live.title}`);
  const code = seen.error?.code;
  return (
    <PageFrame>
      <nav className={styles.way} aria-label={messages.live.title}>
        <Link to="/live">{messages.live.title}</Link>
      </nav>
      {code === "permission_denied" || code === "meeting_not_found" ? (
        <Refused text={code === "meeting_not_found" ? (messages.problems.meeting_not_found ?? "") : null} />
      ) : code === "meeting_not_live" || code === "meeting_ended" ? (
        <MessagePanel icon={<MoonStar />} title={messages.live.overTitle} text={messages.live.overText} />
      ) : (
        <Inside meetingId={meetingId} title={title} seen={seen} />
      )}
    </PageFrame>
  );
}

function Refused({ text }: { readonly text: string | null }) {
  const messages = useMessages();
  const navigate = useNavigate();
  const forbidden = messages.live;
  return (
    <MessagePanel
      icon={<EyeOff />}
      title={text ?? forbidden.forbiddenTitle}
      text={text === null ? forbidden.forbiddenText : messages.notFound.text}
    >
      <Button variant="primary" onPress={() => void navigate("/")}>
        {messages.common.backHome}
      </Button>
    </MessagePanel>
  );
}

interface InsideProps {
  readonly meetingId: string;
  readonly title: string;
  readonly seen: Watched<RoomSeen>;
}

function Inside({ meetingId, title, seen }: InsideProps) {
  const messages = useMessages();
  const texts = messages.live;
  const { locale } = useLocale();
  const { value: participants } = useParticipants(meetingId);
  const [isWeakOnly, setWeakOnly] = useState(false);
  const { history, nodeId } = seen.value;
  const latest = useMemo(() => latestOf(history), [history]);
  const isMany = latest.length >= MANY_PEOPLE;
  const shown = latest.filter(({ level }) => !isWeakOnly || !isMany || isWeak(level));
  return (
    <>
      <h1 className={styles.title}>{title}</h1>
      <p className={styles.facts}>
        {participants !== null && <span>{texts.people(participants.length)}</span>}
        <span>{nodeId === null ? texts.noNode : texts.node(nodeId)}</span>
        <span className={styles.code}>{meetingId}</span>
        <span>{texts.minutes}</span>
      </p>
      {seen.error !== null && (
        <Notice
          tone="warning"
          title={history.newest === null ? texts.roomFailed : texts.stale(clockTime(history.newest, locale))}
        >
          {problemText(messages, seen.error)}
        </Notice>
      )}
      {history.newest === null && seen.error === null && <Spinner />}
      {history.newest !== null && (
        <section aria-labelledby="people-title">
          <div className={styles.head}>
            <h2 id="people-title" className="visually-hidden">
              {texts.peopleTitle}
            </h2>
            <ul className={styles.counts}>
              {LEVELS.map((level) => {
                const count = latest.filter((summary) => summary.level === level).length;
                return count === 0 ? null : (
                  <li key={level}>
                    <SignalIcon level={level} />
                    {count} {texts.counts[level]}
                  </li>
                );
              })}
            </ul>
            {isMany && (
              <Switch isSelected={isWeakOnly} onChange={setWeakOnly}>
                {texts.weakOnly}
              </Switch>
            )}
          </div>
          {latest.length === 0 ? (
            <p className={styles.nobody}>{texts.nobody}</p>
          ) : (
            <PeopleTable
              meetingId={meetingId}
              history={history}
              summaries={shown}
              participants={participants ?? []}
              until={history.newest}
            />
          )}
        </section>
      )}
    </>
  );
}
