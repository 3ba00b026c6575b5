import { ArrowLeftRight, Circle, Lock, Radio } from "lucide-react";
import { meetingUrl } from "../../meetings/meeting-link.js";
import { useMessages } from "../../messages/catalogue.js";
import { elapsed } from "../../messages/time.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { useRoom } from "../meeting-room.js";
import styles from "./MeetingInfo.module.css";
import { useNow } from "./useNow.js";

/** Which meeting this is, how long it has been on, and its link. */
export function MeetingInfo() {
  const { meeting, recording, broadcast, encryption } = useMessages();
  const { state, title, meetingId } = useRoom();
  return (
    <header className={styles.info}>
      <div className={styles.text}>
        <p className={styles.title} title={title}>
          {title}
        </p>
        <div className={styles.line}>
          {state.startedAt !== null && <Clock startedAt={state.startedAt} />}
          {state.recording !== null && (
            <p className={styles.recording}>
              <Circle aria-hidden />
              <span aria-hidden>{recording.short}</span>
              <span className="visually-hidden">{recording.sign}</span>
            </p>
          )}
          {state.broadcast !== null && (
            <p className={styles.live}>
              <Radio aria-hidden />
              <span aria-hidden>{broadcast.short}</span>
              <span className="visually-hidden">{broadcast.sign}</span>
            </p>
          )}
          {state.encryption !== null && <Lock role="img" aria-label={encryption.on} className={styles.direct} />}
          {state.path === "direct" && <ArrowLeftRight role="img" aria-label={meeting.direct} className={styles.direct} />}
        </div>
      </div>
      <CopyButton text={meetingUrl(meetingId)} label={meeting.copyLink} variant="icon" />
    </header>
  );
}

function Clock({ startedAt }: { readonly startedAt: number }) {
  const { meeting } = useMessages();
  const now = useNow();
  const time = elapsed(now - startedAt);
  return (
    <p className={styles.clock} role="timer" aria-label={meeting.elapsed(time)}>
      {time}
    </p>
  );
}
