import type { PollState } from "@parley/sdk";
import { ChartBar, Check } from "lucide-react";
import { useState } from "react";
import { Button as AriaButton, Form } from "react-aria-components";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { cx } from "../../ui/class-names.js";
import { Field } from "../../ui/Field.js";
import { Switch } from "../../ui/Switch.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import styles from "./PollsPanel.module.css";
import { SidePanel } from "./SidePanel.js";

const MOST_OPTIONS = 10;

/** What is asked, and how the votes stand. */
export function PollsPanel({ onClose }: { readonly onClose: () => void }) {
  const { polls: texts } = useMessages();
  const { state } = useRoom();
  const mayAsk = state.self?.permissions.moderate === true;
  return (
    <SidePanel title={texts.title} onClose={onClose}>
      <div className={styles.scroller}>
        {state.polls.length === 0 && (
          <div className={styles.empty}>
            <ChartBar aria-hidden />
            <p className={styles.emptyTitle}>{texts.empty}</p>
            <p>{texts.emptyText}</p>
          </div>
        )}
        {state.polls.toReversed().map((poll) => (
          <Poll key={poll.id} poll={poll} mayClose={mayAsk} />
        ))}
      </div>
      {mayAsk && <NewPoll />}
    </SidePanel>
  );
}

function Poll({ poll, mayClose }: { readonly poll: PollState; readonly mayClose: boolean }) {
  const messages = useMessages();
  const { polls: texts } = messages;
  const { room } = useRoom();
  const vote = (place: number) => {
    const mine = poll.options.flatMap(({ isMine }, index) => (isMine ? [index] : []));
    const others = poll.multiple ? mine.filter((index) => index !== place) : [];
    const chosen = mine.includes(place) ? others : [...others, place];
    void attempt(messages, () => room.vote(poll.id, chosen));
  };
  return (
    <section className={styles.poll} aria-label={poll.question}>
      <h3 className={styles.question}>{poll.question}</h3>
      {poll.options.map((option, place) => (
        <AriaButton
          key={place}
          aria-pressed={option.isMine}
          aria-label={texts.votesFor(option.text, option.votes)}
          isDisabled={poll.closed}
          className={cx(styles.option, option.isMine && styles.mine)}
          onPress={() => {
            vote(place);
          }}
        >
          <span className={styles.bar} style={{ width: `${share(option.votes, poll.voters)}%` }} aria-hidden />
          <span className={styles.text}>{option.text}</span>
          {option.isMine && <Check aria-hidden className={styles.tick} />}
          <span className={styles.count}>{option.votes}</span>
        </AriaButton>
      ))}
      <div className={styles.foot}>
        <span>{poll.closed ? `${texts.closed} · ${texts.voters(poll.voters)}` : texts.voters(poll.voters)}</span>
        {mayClose && !poll.closed && (
          <Button variant="quiet" onPress={() => void attempt(messages, () => room.moderation.closePoll(poll.id))}>
            {texts.close}
          </Button>
        )}
      </div>
    </section>
  );
}

function share(votes: number, voters: number): number {
  return voters === 0 ? 0 : Math.round((100 * votes) / voters);
}

function NewPoll() {
  const messages = useMessages();
  const { polls: texts } = messages;
  const { room } = useRoom();
  const [isOpen, setOpen] = useState(false);
  const [question, setQuestion] = useState("");
  const [options, setOptions] = useState<readonly string[]>(["", ""]);
  const [isMultiple, setMultiple] = useState(false);
  const given = options.map((option) => option.trim()).filter((option) => option !== "");
  const isReady = question.trim() !== "" && given.length >= 2 && new Set(given).size === given.length;
  const ask = () => {
    void attempt(messages, async () => {
      await room.moderation.createPoll(question, given, isMultiple);
      setOpen(false);
      setQuestion("");
      setOptions(["", ""]);
      setMultiple(false);
    });
  };
  if (!isOpen) {
    return (
      <div className={styles.new}>
        <Button
          fullWidth
          onPress={() => {
            setOpen(true);
          }}
        >
          {texts.newTitle}
        </Button>
      </div>
    );
  }
  return (
    <Form
      className={styles.new}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) ask();
      }}
    >
      <Field label={texts.question} value={question} onChange={setQuestion} maxLength={300} autoFocus />
      {options.map((option, place) => (
        <Field
          key={place}
          label={texts.option(place + 1)}
          value={option}
          maxLength={120}
          onChange={(text) => {
            setOptions(options.with(place, text));
          }}
        />
      ))}
      {options.length < MOST_OPTIONS && (
        <Button
          variant="quiet"
          onPress={() => {
            setOptions([...options, ""]);
          }}
        >
          {texts.addOption}
        </Button>
      )}
      <Switch isSelected={isMultiple} onChange={setMultiple}>
        {texts.multiple}
      </Switch>
      <div className={styles.actions}>
        <Button
          variant="quiet"
          onPress={() => {
            setOpen(false);
          }}
        >
          {messages.common.cancel}
        </Button>
        <Button variant="primary" type="submit" isDisabled={!isReady}>
          {texts.ask}
        </Button>
      </div>
    </Form>
  );
}
