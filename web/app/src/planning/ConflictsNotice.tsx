import type { Conflict, Schedule } from "@parley/sdk";
import { useCallback } from "react";
import { useLocale } from "react-aria-components";
import { Link } from "react-router";
import { useLoaded } from "../loading/useLoaded.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { momentText } from "../overview/times.js";
import { useSession } from "../session/session.js";
import { Notice } from "../ui/Notice.js";
import styles from "./Planning.module.css";

/** So many of them are told. */
const SHOWN = 4;

interface ConflictsNoticeProps {
  readonly schedule: Schedule;
  /** The meeting that is planned, if it is there already. */
  readonly meetingId?: string | undefined;
}

/** Which of one's own meetings are at the same time as what is planned. It hinders nothing: what cannot be asked is not told. */
export function ConflictsNotice({ schedule, meetingId }: ConflictsNoticeProps) {
  const texts = useMeetingMessages().form.conflicts;
  const { locale } = useLocale();
  const { api } = useSession();
  // Stays the same while the times do.
  const asked = JSON.stringify(schedule);
  const load = useCallback(
    () => api.meetings.calendar.conflicts(JSON.parse(asked) as Schedule, meetingId),
    [api, asked, meetingId],
  );
  const { value, error } = useLoaded(load);
  if (value === null || error !== null || value.items.length === 0) return null;
  const rest = value.items.length - SHOWN;
  return (
    <Notice tone="warning" title={texts.title}>
      <ul className={styles.conflicts}>
        {value.items.slice(0, SHOWN).map((conflict) => (
          <li key={keyOf(conflict)}>
            <Link to={`/meetings/${conflict.meetingId}`} target="_blank">
              {conflict.occurrence.title ?? conflict.title}
            </Link>
            {`, ${momentText(conflict.occurrence.start, locale)}`}
          </li>
        ))}
        {(rest > 0 || value.more) && <li>{texts.more}</li>}
      </ul>
    </Notice>
  );
}

function keyOf({ meetingId, occurrence, planned }: Conflict): string {
  return `${meetingId} ${occurrence.occurrence} ${planned.occurrence}`;
}
