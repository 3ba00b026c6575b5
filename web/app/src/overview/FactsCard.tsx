import type { AnyMeeting } from "@parley/sdk";
import { useLocale } from "react-aria-components";
import { Facts } from "../admin/Facts.js";
import { meetingUrl } from "../meetings/meeting-link.js";
import { ruleInWords } from "../meetings/rule-words.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { Card } from "../ui/Card.js";
import { CopyButton } from "../ui/CopyButton.js";
import styles from "./Overview.module.css";
import { hoursText, momentText, timesText } from "./times.js";

/** When, where and what a meeting is. */
export function FactsCard({ meeting }: { readonly meeting: AnyMeeting }) {
  const messages = useMessages();
  const texts = useMeetingMessages();
  const words = texts.overview;
  const { locale } = useLocale();
  const schedule = "schedule" in meeting ? meeting.schedule : null;
  const repeats = schedule === null ? null : ruleInWords(texts, schedule);
  const when = () => {
    if (schedule !== null) return repeats === null ? timesText(schedule, locale) : hoursText(schedule, locale);
    return "kind" in meeting ? (meeting.kind === "personal" ? texts.personal.title : words.noTime) : null;
  };
  return (
    <Card title={words.facts}>
      <Facts
        of={[
          [words.when, when()],
          [words.repeats, repeats === null ? null : repeats.charAt(0).toLocaleUpperCase() + repeats.slice(1)],
          [words.zone, schedule?.timeZone.replaceAll("_", " ") ?? null],
          [words.host, "hostName" in meeting ? meeting.hostName : null],
          [words.code, <span className={styles.code}>{meeting.id}</span>],
          [words.passcode, "settings" in meeting && meeting.settings.passcode !== null ? <code>{meeting.settings.passcode}</code> : null],
          [words.answer, "answer" in meeting && !meeting.joinable ? texts.answers[meeting.answer] : null],
          [words.created, "createdAt" in meeting ? momentText(meeting.createdAt, locale) : null],
        ]}
      />
      {"description" in meeting && meeting.description !== "" && (
        <p className={styles.description}>{meeting.description}</p>
      )}
      {meeting.joinable && (
        <div>
          <CopyButton text={meetingUrl(meeting.id)} label={messages.common.copyLink} />
        </div>
      )}
    </Card>
  );
}
