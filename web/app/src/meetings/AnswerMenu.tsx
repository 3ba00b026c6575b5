import type { AnswerGiven, InvitationAnswer } from "@parley/sdk";
import { ChevronDown } from "lucide-react";
import { Button } from "react-aria-components";
import pill from "../admin/Pill.module.css";
import { cx } from "../ui/class-names.js";
import { ChoiceSection, Menu } from "../ui/Menu.js";
import styles from "./AnswerMenu.module.css";
import { ANSWER_TONES, ANSWERS } from "./answers.js";
import { useMeetingMessages } from "./useMeetingMessages.js";

interface AnswerMenuProps {
  /** What it is an answer to: a meeting, or one time of it. */
  readonly name: string;
  readonly answer: InvitationAnswer;
  /** Whether it is to one time of a series alone. */
  readonly isOfOne: boolean;
  readonly onAnswer: (answer: AnswerGiven) => void;
}

/** One's answer in a row, which opens the others. */
export function AnswerMenu({ name, answer, isOfOne, onAnswer }: AnswerMenuProps) {
  const texts = useMeetingMessages();
  const words = texts.answering;
  const title = isOfOne ? words.thisTime : words.title;
  return (
    <Menu
      label={title}
      placement="bottom start"
      trigger={
        <Button
          aria-label={words.to(texts.answers[answer], name)}
          className={cx(pill.pill, pill[ANSWER_TONES[answer]], styles.trigger)}
        >
          {texts.answers[answer]}
          <ChevronDown aria-hidden />
        </Button>
      }
    >
      <ChoiceSection
        title={title}
        items={ANSWERS.map((id) => ({ id, label: words.verbs[id] }))}
        selected={answer === "needs_action" ? null : answer}
        onSelect={(id) => {
          onAnswer(id as AnswerGiven);
        }}
      />
    </Menu>
  );
}
