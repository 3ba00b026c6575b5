import type { AnswerGiven, ListedMeeting } from "@parley/sdk";
import { useState } from "react";
import { AnswerMenu } from "../meetings/AnswerMenu.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { problemText, useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { showToast } from "../ui/toasts.js";

interface RowAnswerProps {
  readonly meeting: ListedMeeting;
  /** What the row calls it. */
  readonly name: string;
}

/** What one answers to an invitation in a list; where the row is one time of a series, to that one alone. */
export function RowAnswer({ meeting, name }: RowAnswerProps) {
  const messages = useMessages();
  const texts = useMeetingMessages();
  const { api } = useSession();
  const [said, setSaid] = useState<AnswerGiven | null>(null);
  if (meeting.answer === null) return null;
  const answer = said ?? meeting.answer;
  // What is past is not answered to any more.
  if (!meeting.joinable || meeting.session !== null) return <span>{texts.answers[answer]}</span>;
  const single = meeting.kind === "recurring" ? meeting.occurrence?.occurrence : undefined;
  const send = async (given: AnswerGiven) => {
    setSaid(given);
    try {
      await api.meetings.invitations.answer(meeting.id, given, single);
      showToast({ tone: "info", title: texts.answering.done });
    } catch (thrown) {
      setSaid(said);
      showToast({ tone: "error", title: messages.notices.failed, text: problemText(messages, thrown) });
    }
  };
  return <AnswerMenu name={name} answer={answer} isOfOne={single !== undefined} onAnswer={(given) => void send(given)} />;
}
