import type { AnswerGiven, InvitationAnswer, MeetingInvitation } from "@parley/sdk";

/** What one can answer, in the order of its buttons. */
export const ANSWERS: readonly AnswerGiven[] = ["accepted", "tentative", "declined"];

/** The tones of answers. */
export const ANSWER_TONES = { accepted: "good", declined: "bad", tentative: "waiting", needs_action: "plain" } as const;

/** What somebody says to one time of a series: what they said to it alone, or else to all of it as it is now. */
export function answerTo(
  { answer, outdated, occurrenceAnswers }: Pick<MeetingInvitation, "answer" | "outdated" | "occurrenceAnswers">,
  occurrence: string,
): InvitationAnswer {
  const single = occurrenceAnswers.find((each) => each.occurrence === occurrence);
  return single?.answer ?? (outdated ? "needs_action" : answer);
}
