import type { ListedMeeting } from "@parley/sdk";
import { Repeat } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { meetingPath, meetingUrl } from "../meetings/meeting-link.js";
import { ruleInWords } from "../meetings/rule-words.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { cx } from "../ui/class-names.js";
import { CopyButton } from "../ui/CopyButton.js";
import { LinkButton } from "../ui/LinkButton.js";
import styles from "./MeetingRow.module.css";
import { RowAnswer } from "./RowAnswer.js";

interface MeetingRowProps {
  readonly meeting: ListedMeeting;
  /** Another one than the meeting's: of one occurrence. */
  readonly title?: string | null | undefined;
  /** From when to when, where the row is one of a day's. */
  readonly times?: readonly [from: string, to: string | null];
  /** Whether to join it is what is most likely wanted now. */
  readonly isNow?: boolean;
  /** What there is to say of it, beside who hosts it. */
  readonly children?: ReactNode;
}

/** A meeting in a list, with the way into it. */
export function MeetingRow({ meeting, title, times, isNow = false, children }: MeetingRowProps) {
  const texts = useMeetingMessages();
  const name = title ?? meeting.title;
  const isOver = !meeting.joinable;
  // What one took part in: with what remains of it.
  const path = `/meetings/${meeting.id}${meeting.session === null ? "" : `/sessions/${meeting.session}`}`;
  const words = meeting.schedule === null ? null : ruleInWords(texts, meeting.schedule);
  return (
    <li className={cx(styles.row, isOver && styles.over)}>
      {times !== undefined && (
        <p className={styles.times}>
          <span className={styles.from}>{times[0]}</span>
          {times[1] !== null && <span className={styles.to}>{times[1]}</span>}
        </p>
      )}
      <div className={styles.what}>
        <Link to={path} className={styles.name} aria-label={texts.open(name)}>
          {name}
        </Link>
        <p className={styles.details}>
          {children}
          {words !== null && (
            <span className={styles.fact}>
              <Repeat aria-hidden />
              {words}
            </span>
          )}
          {meeting.role !== "host" && <span>{texts.hostedBy(meeting.hostName)}</span>}
          <RowAnswer meeting={meeting} name={name} />
        </p>
      </div>
      {!isOver && (
        <div className={styles.buttons}>
          <CopyButton text={meetingUrl(meeting.id)} label={texts.copyLinkOf(name)} variant="icon" />
          <LinkButton to={meetingPath(meeting.id)} label={texts.joinOf(name)} variant={isNow ? "primary" : "secondary"}>
            {texts.join}
          </LinkButton>
        </div>
      )}
    </li>
  );
}
