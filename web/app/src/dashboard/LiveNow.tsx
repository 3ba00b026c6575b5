import { useLocale } from "react-aria-components";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { StatusLabel } from "../meetings/StatusLabel.js";
import { dayAndTime } from "../messages/time.js";
import { useNow } from "../meeting/room/useNow.js";
import { useSession } from "../session/session.js";
import { useLiveMeetings } from "./live.js";
import styles from "./Lists.module.css";
import { MeetingRow } from "./MeetingRow.js";

/** What is on now, before all else; nothing where nothing is. */
export function LiveNow() {
  const texts = useMeetingMessages();
  const { locale } = useLocale();
  const { api } = useSession();
  const live = useLiveMeetings(api);
  const now = useNow(live.length > 0);
  if (live.length === 0) return null;
  return (
    <section aria-labelledby="live-now" className={styles.day}>
      <h2 id="live-now" className={styles.heading}>
        <span className={styles.near}>{texts.liveNow}</span>
      </h2>
      <ul className={styles.list}>
        {live.map((meeting) => (
          <MeetingRow key={meeting.id} meeting={meeting} isNow>
            <StatusLabel status="live">{texts.status.live}</StatusLabel>
            {meeting.startedAt !== null && (
              <span>{texts.since(dayAndTime(Date.parse(meeting.startedAt), now, locale))}</span>
            )}
          </MeetingRow>
        ))}
      </ul>
    </section>
  );
}
