import type { Meeting, MeetingInvitation, ParleyApi, SeriesOccurrence } from "@parley/sdk";
import { useCallback, useState } from "react";
import list from "../account/List.module.css";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { MoreButton } from "../loading/MoreButton.js";
import { useLoaded } from "../loading/useLoaded.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useSession } from "../session/session.js";
import { Card } from "../ui/Card.js";
import { showToast } from "../ui/toasts.js";
import { OccurrenceAnswer } from "./OccurrenceAnswer.js";
import { OccurrenceButtons } from "./OccurrenceButtons.js";
import { OccurrenceRow } from "./OccurrenceRow.js";

/** So many of them are shown, and so many more each time. */
const SHOWN = 5;

interface OccurrencesCardProps {
  readonly meeting: Meeting | MeetingInvitation;
  readonly version: string | null | undefined;
  readonly onChanged: () => void;
}

/** The next times of a series: those who run it change or cancel one by itself, the invited answer to one by itself. */
export function OccurrencesCard({ meeting, version, onChanged }: OccurrencesCardProps) {
  const texts = useMeetingMessages();
  const words = texts.overview.occurrences;
  const { api } = useSession();
  const { id, schedule } = meeting;
  const [count, setCount] = useState(SHOWN);
  const loaded = useLoaded(useCallback(() => firstOf(api, id, count), [api, id, count]));
  const { error, run } = useAttempt();
  if (schedule?.rule == null || meeting.status === "cancelled") return null;
  const times = loaded.value?.items ?? null;
  const done = (title: string) => {
    showToast({ tone: "info", title });
    loaded.reload();
    onChanged();
  };
  const aside = (time: SeriesOccurrence) => {
    if ("settings" in meeting) {
      return (
        <OccurrenceButtons
          time={time}
          schedule={schedule}
          onChange={async (change) => {
            await api.meetings.series.change(id, time.occurrence, change, version);
            done(words.done);
          }}
          run={run}
        />
      );
    }
    if (time.cancelled || !meeting.joinable) return null;
    return (
      <OccurrenceAnswer
        time={time}
        meeting={meeting}
        onAnswer={(answer) =>
          void run(async () => {
            await api.meetings.invitations.answer(id, answer, time.occurrence);
            done(texts.answering.done);
          })
        }
      />
    );
  };
  return (
    <Card title={words.title} lead={"settings" in meeting ? words.lead : words.leadInvited}>
      <LoadFailure of={loaded} />
      <Failure error={error} texts={{ precondition_failed: texts.overview.changedMeanwhile }} />
      {times?.length === 0 && <p className={list.note}>{words.none}</p>}
      {times !== null && times.length > 0 && (
        <ul className={list.inner} aria-label={words.title}>
          {times.map((time) => (
            <OccurrenceRow key={time.occurrence} time={time} schedule={schedule}>
              {aside(time)}
            </OccurrenceRow>
          ))}
        </ul>
      )}
      <MoreButton
        of={{
          cursor: loaded.value?.nextCursor ?? null,
          isLoading: times !== null && times.length < count,
          more: () => {
            setCount(count + SHOWN);
          },
        }}
      />
    </Card>
  );
}

/** So many of the times from now on, with where others follow: a change is seen in all that are shown. */
async function firstOf(api: ParleyApi, id: string, count: number) {
  let page = await api.meetings.series.occurrences(id, { limit: Math.min(count, 100) });
  while (page.items.length < count && page.nextCursor !== null) {
    const limit = Math.min(count - page.items.length, 100);
    const { items, nextCursor } = await api.meetings.series.occurrences(id, { cursor: page.nextCursor, limit });
    page = { items: [...page.items, ...items], nextCursor };
  }
  return page;
}
