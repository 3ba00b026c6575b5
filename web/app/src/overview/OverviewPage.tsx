import { asParleyError, type AnyMeeting, type Meeting, type MeetingInvitation, type User, type Versioned } from "@parley/sdk";
import { CalendarX, Video } from "lucide-react";
import { useCallback } from "react";
import { useParams } from "react-router";
import { SignedIn } from "../live/SignedIn.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded, type Loaded } from "../loading/useLoaded.js";
import { meetingPath } from "../meetings/meeting-link.js";
import { StatusLabel } from "../meetings/StatusLabel.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { MessagePanel } from "../pages/MessagePanel.js";
import { PageFrame } from "../pages/PageFrame.js";
import { useSession } from "../session/session.js";
import { LinkButton } from "../ui/LinkButton.js";
import { BackLink, PageHead } from "../ui/PageHead.js";
import { Spinner } from "../ui/Spinner.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { AnswerCard } from "./AnswerCard.js";
import { BansCard } from "./BansCard.js";
import { BreakoutsCard } from "./BreakoutsCard.js";
import { FactsCard } from "./FactsCard.js";
import { HostMenu } from "./HostMenu.js";
import { InviteesCard } from "./InviteesCard.js";
import { OccurrencesCard } from "./OccurrencesCard.js";
import styles from "./Overview.module.css";
import { PollsCard } from "./PollsCard.js";
import { RecordingsCard } from "./RecordingsCard.js";
import { SessionsCard } from "./SessionsCard.js";

/** A meeting, before and after it takes place: as much of it as one may know, and what one may do with it. */
export function OverviewPage() {
  const { meetingId = "" } = useParams();
  return (
    <SignedIn>
      {(user) => (
        <PageFrame>
          <Overview key={meetingId} id={meetingId} user={user} />
        </PageFrame>
      )}
    </SignedIn>
  );
}

function Overview({ id, user }: { readonly id: string; readonly user: User }) {
  const messages = useMessages();
  const texts = useMeetingMessages();
  const { api } = useSession();
  const loaded = useLoaded(useCallback(() => api.meetings.read(id), [api, id]));
  const meeting = loaded.value?.value;
  usePageTitle(`${meeting?.title ?? texts.pageTitle} · ${messages.product}`);
  if (meeting === undefined && loaded.error !== null && asParleyError(loaded.error).code === "meeting_not_found") {
    return (
      <MessagePanel icon={<CalendarX />} title={texts.overview.missingTitle} text={texts.overview.missingText}>
        <LinkButton to="/" variant="primary">
          {messages.common.backHome}
        </LinkButton>
      </MessagePanel>
    );
  }
  return (
    <div className={styles.page}>
      {meeting === undefined && loaded.error === null && <Spinner />}
      {meeting !== undefined && <Head meeting={meeting} user={user} loaded={loaded} />}
      <LoadFailure of={loaded} />
      {meeting !== undefined && (
        <div className={styles.columns}>
          <div className={styles.main}>
            <FactsCard meeting={meeting} />
            {isRun(meeting) && (
              <>
                <InviteesCard meeting={meeting} />
                <BansCard meeting={meeting} />
              </>
            )}
          </div>
          {(isRun(meeting) || isInvited(meeting)) && (
            <div className={styles.main}>
              {isInvited(meeting) && <AnswerCard meeting={meeting} onAnswered={loaded.reload} />}
              <OccurrencesCard meeting={meeting} version={loaded.value?.version} onChanged={loaded.reload} />
              {isRun(meeting) && (
                <>
                  <PollsCard meeting={meeting} />
                  <BreakoutsCard meeting={meeting} />
                  <SessionsCard meeting={meeting} />
                  <RecordingsCard meeting={meeting} />
                </>
              )}
            </div>
          )}
        </div>
      )}
    </div>
  );
}

interface HeadProps {
  readonly meeting: AnyMeeting;
  readonly user: User;
  readonly loaded: Loaded<Versioned<AnyMeeting>>;
}

function Head({ meeting, user, loaded }: HeadProps) {
  const texts = useMeetingMessages();
  return (
    <PageHead
      title={meeting.title}
      lead={<StatusLabel status={meeting.status}>{texts.status[meeting.status]}</StatusLabel>}
      back={<BackLink to="/">{texts.pageTitle}</BackLink>}
      action={
        <div className={styles.actions}>
          {meeting.joinable && (
            <LinkButton to={meetingPath(meeting.id)} variant="primary" icon={<Video aria-hidden />}>
              {texts.join}
            </LinkButton>
          )}
          {isRun(meeting) && (
            <HostMenu meeting={meeting} user={user} version={loaded.value?.version} onChanged={loaded.reload} />
          )}
        </div>
      }
    />
  );
}

/** Whether one runs it: then all of it is known. */
function isRun(meeting: AnyMeeting): meeting is Meeting {
  return "settings" in meeting;
}

/** Whether one is invited, and does not run it. */
function isInvited(meeting: AnyMeeting): meeting is MeetingInvitation {
  return "answer" in meeting;
}
