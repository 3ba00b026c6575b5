import type { PollResult } from "@parley/sdk";
import { useCallback, type CSSProperties } from "react";
import { useLoaded } from "../loading/useLoaded.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useSession } from "../session/session.js";
import { Card } from "../ui/Card.js";
import styles from "./History.module.css";
import { Kept } from "./Kept.js";

/** What was asked, and how it came out. */
export function PollsTab({ id, session }: { readonly id: string; readonly session: number }) {
  const texts = useMeetingMessages().history;
  const { api } = useSession();
  const loaded = useLoaded(useCallback(() => api.meetings.polls(id, session), [api, id, session]));
  return (
    <Kept items={loaded.value} error={loaded.error} reload={loaded.reload} none={texts.noPolls}>
      {(polls) => polls.map((poll) => <Poll key={poll.id} poll={poll} />)}
    </Kept>
  );
}

function Poll({ poll }: { readonly poll: PollResult }) {
  const texts = useMeetingMessages().history;
  return (
    <Card title={poll.question} lead={texts.voters(poll.voters)}>
      <ul className={styles.options}>
        {poll.options.map(({ text, votes }, index) => (
          <li key={index} className={styles.option} style={{ "--share": votes / Math.max(1, poll.voters) } as CSSProperties}>
            <span>{text}</span>
            <span className={styles.votes}>{texts.votes(votes)}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
