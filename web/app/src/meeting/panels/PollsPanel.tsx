import type { PollState } from "@parley/sdk";
import { ChartBar, Check } from "lucide-react";
import { useState } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useMessages } from "../../messages/catalogue.js";
import { PollForm } from "../../polls/PollForm.js";
import { Button } from "../../ui/Button.js";
import { cx } from "../../ui/class-names.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import styles from "./PollsPanel.module.css";
import { PreparedPolls } from "./PreparedPolls.js";
import { SidePanel } from "./SidePanel.js";
import { usePreparedPolls } from "./usePrepared.js";

/** What is asked, and how the votes stand. */
export function PollsPanel({ onClose }: { readonly onClose: () => void }) {
  const { polls: texts } = useMessages();
  const { state } = useRoom();
  const mayAsk = state.self?.permissions.moderate === true;
  const prepared = usePreparedPolls(mayAsk);
  const latestFirst = state.polls.toReversed();
  const hasNone = latestFirst.length === 0 && prepared.error === null && (prepared.value ?? []).length === 0;
  return (
    <SidePanel title={texts.title} onClose={onClose}>
      <div className={styles.scroller}>
        {latestFirst
          .filter(({ closed }) => !closed)
          .map((poll) => (
            <Poll key={poll.id} poll={poll} mayClose={mayAsk} />
          ))}
        {mayAsk && <PreparedPolls of={prepared} />}
        {hasNone && (
          <div className={styles.empty}>
            <ChartBar aria-hidden />
            <p className={styles.emptyTitle}>{texts.empty}</p>
            <p>{texts.emptyText}</p>
          </div>
        )}
        {latestFirst
          .filter(({ closed }) => closed)
          .map((poll) => (
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
    <PollForm
      className={styles.new}
      action={texts.ask}
      onSubmit={({ question, options, multiple }) =>
        void attempt(messages, async () => {
          await room.moderation.createPoll(question, options, multiple);
          setOpen(false);
        })
      }
      onCancel={() => {
        setOpen(false);
      }}
    />
  );
}
