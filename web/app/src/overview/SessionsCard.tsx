import type { Meeting, MeetingSession } from "@parley/sdk";
import { useCallback } from "react";
import { useLocale } from "react-aria-components";
import { Link } from "react-router";
import list from "../account/List.module.css";
import { LoadFailure } from "../loading/LoadFailure.js";
import { MoreButton } from "../loading/MoreButton.js";
import { usePages } from "../loading/usePages.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { elapsed } from "../messages/time.js";
import { useSession } from "../session/session.js";
import { Card } from "../ui/Card.js";
import { momentText } from "./times.js";

const AT_ONCE = 10;

/** When people have met, and for how long. */
export function SessionsCard({ meeting }: { readonly meeting: Meeting }) {
  const texts = useMeetingMessages().overview.sessions;
  const { api } = useSession();
  const pages = usePages(
    useCallback((cursor?: string) => api.meetings.sessions(meeting.id, cursor, AT_ONCE), [api, meeting.id]),
  );
  const held = pages.items?.filter(({ startedAt }) => startedAt !== null) ?? [];
  return (
    <Card title={texts.title}>
      <LoadFailure of={pages} />
      {pages.items !== null && pages.cursor === null && held.length === 0 && <p className={list.note}>{texts.none}</p>}
      {held.length > 0 && (
        <ul className={list.inner} aria-label={texts.list}>
          {held.map((session) => (
            <Row key={session.number} meetingId={meeting.id} session={session} />
          ))}
        </ul>
      )}
      <MoreButton of={pages} />
    </Card>
  );
}

interface RowProps {
  readonly meetingId: string;
  readonly session: MeetingSession;
}

function Row({ meetingId, session: { number, startedAt, endedAt } }: RowProps) {
  const messages = useMeetingMessages();
  const texts = messages.overview.sessions;
  const { locale } = useLocale();
  if (startedAt === null) return null;
  return (
    <li className={list.row}>
      <div className={list.what}>
        <p className={list.name}>
          <Link to={`/meetings/${meetingId}/sessions/${number}`} aria-label={messages.history.open(momentText(startedAt, locale))}>
            {momentText(startedAt, locale)}
          </Link>
        </p>
        <p className={list.details}>
          {endedAt === null ? texts.goesOn : elapsed(Date.parse(endedAt) - Date.parse(startedAt))}
        </p>
      </div>
    </li>
  );
}
