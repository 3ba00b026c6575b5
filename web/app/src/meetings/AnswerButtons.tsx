import type { AnswerGiven } from "@parley/sdk";
import { Button } from "../ui/Button.js";
import styles from "./AnswerButtons.module.css";
import { ANSWERS } from "./answers.js";
import { useMeetingMessages } from "./useMeetingMessages.js";

interface AnswerButtonsProps {
  /** The one that stands out. */
  readonly chosen: string | null;
  /** The one that is being sent. */
  readonly pending: AnswerGiven | null;
  readonly onAnswer: (answer: AnswerGiven) => void;
}

/** The answers to an invitation, side by side. */
export function AnswerButtons({ chosen, pending, onAnswer }: AnswerButtonsProps) {
  const { verbs } = useMeetingMessages().answering;
  return (
    <div className={styles.answers}>
      {ANSWERS.map((answer) => (
        <Button
          key={answer}
          variant={answer === chosen ? "primary" : "secondary"}
          isPending={pending === answer}
          isDisabled={pending !== null && pending !== answer}
          onPress={() => {
            onAnswer(answer);
          }}
        >
          {verbs[answer]}
        </Button>
      ))}
    </div>
  );
}
