import type { PreparedPoll } from "@parley/sdk";
import { useId, useState } from "react";
import { LoadFailure } from "../../loading/LoadFailure.js";
import type { Loaded } from "../../loading/useLoaded.js";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import styles from "./PollsPanel.module.css";

/** What was prepared for the meeting, to be asked with one click: all but what is being asked. */
export function PreparedPolls({ of }: { readonly of: Loaded<readonly PreparedPoll[]> }) {
  const { polls: texts } = useMessages();
  const { state } = useRoom();
  const id = useId();
  const open = new Set(state.polls.filter(({ closed }) => !closed).map(({ preparedId }) => preparedId));
  const asked = new Set(state.polls.map(({ preparedId }) => preparedId));
  const waiting = (of.value ?? []).filter((poll) => !open.has(poll.id));
  return (
    <>
      <LoadFailure of={of} />
      {waiting.length > 0 && (
        <section aria-labelledby={id} className={styles.prepared}>
          <h3 id={id} className={styles.heading}>
            {texts.prepared}
          </h3>
          <ul>
            {waiting.map((poll) => (
              <Prepared key={poll.id} poll={poll} wasAsked={asked.has(poll.id)} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Prepared({ poll, wasAsked }: { readonly poll: PreparedPoll; readonly wasAsked: boolean }) {
  const messages = useMessages();
  const { polls: texts } = messages;
  const { room } = useRoom();
  const [isPending, setPending] = useState(false);
  const ask = async () => {
    setPending(true);
    await attempt(messages, () => room.moderation.createPoll(poll.question, poll.options, poll.multiple, poll.id));
    setPending(false);
  };
  return (
    <li className={styles.waiting}>
      <div className={styles.waitingText}>
        <p className={styles.waitingQuestion}>{poll.question}</p>
        <p className={styles.waitingOptions}>{poll.options.join(" · ")}</p>
      </div>
      <Button aria-label={texts.askThis(poll.question)} isPending={isPending} onPress={() => void ask()}>
        {wasAsked ? texts.askAgain : texts.askNow}
      </Button>
    </li>
  );
}
