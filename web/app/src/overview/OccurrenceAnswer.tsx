import type { AnswerGiven, MeetingInvitation, SeriesOccurrence } from "@parley/sdk";
import { useLocale } from "react-aria-components";
import { AnswerMenu } from "../meetings/AnswerMenu.js";
import { answerTo } from "../meetings/answers.js";
import { momentText } from "./times.js";

interface OccurrenceAnswerProps {
  readonly time: SeriesOccurrence;
  readonly meeting: MeetingInvitation;
  readonly onAnswer: (answer: AnswerGiven) => void;
}

/** One's answer to one of the times of a series. */
export function OccurrenceAnswer({ time, meeting, onAnswer }: OccurrenceAnswerProps) {
  const { locale } = useLocale();
  return (
    <AnswerMenu
      name={momentText(time.start, locale)}
      answer={answerTo(meeting, time.occurrence)}
      isOfOne
      onAnswer={onAnswer}
    />
  );
}
