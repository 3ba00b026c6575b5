import type { AnswerGiven, MeetingInvitation } from "@parley/sdk";
import { useState } from "react";
import list from "../account/List.module.css";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { AnswerButtons } from "../meetings/AnswerButtons.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useSession } from "../session/session.js";
import { Card } from "../ui/Card.js";

interface AnswerCardProps {
  readonly meeting: MeetingInvitation;
  readonly onAnswered: () => void;
}

/** What one answers to an invitation: to the whole meeting. */
export function AnswerCard({ meeting, onAnswered }: AnswerCardProps) {
  const texts = useMeetingMessages();
  const { api } = useSession();
  const { error, run } = useAttempt();
  const [pending, setPending] = useState<AnswerGiven | null>(null);
  if (!meeting.joinable) return null;
  const { answer, outdated } = meeting;
  const send = async (given: AnswerGiven) => {
    setPending(given);
    await run(() => api.meetings.invitations.answer(meeting.id, given));
    setPending(null);
    onAnswered();
  };
  return (
    <Card
      title={texts.answering.title}
      lead={<span role="status">{outdated ? texts.invitation.outdated : texts.invitation.said[answer]}</span>}
    >
      <Failure error={error} />
      <AnswerButtons
        chosen={outdated ? null : answer}
        pending={pending}
        onAnswer={(given) => {
          void send(given);
        }}
      />
      {meeting.kind === "recurring" && <p className={list.note}>{texts.answering.series}</p>}
    </Card>
  );
}
