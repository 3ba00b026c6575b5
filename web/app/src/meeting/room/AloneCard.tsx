import { meetingUrl } from "../../meetings/meeting-link.js";
import { useMessages } from "../../messages/catalogue.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { useRoom } from "../meeting-room.js";
import styles from "./AloneCard.module.css";

/** While nobody else is there: the link for the others. */
export function AloneCard() {
  const { meeting } = useMessages();
  const { meetingId } = useRoom();
  return (
    <section className={styles.card}>
      <div>
        <h2 className={styles.title}>{meeting.alone.title}</h2>
        <p className={styles.text}>{meeting.alone.text}</p>
      </div>
      <CopyButton text={meetingUrl(meetingId)} label={meeting.copyLink} variant="primary" />
    </section>
  );
}
