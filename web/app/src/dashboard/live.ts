import type { ListedMeeting, ParleyApi } from "@parley/sdk";
import { useEffect, useState } from "react";
import { poll } from "../live/poll.js";

const PAUSE_MS = 20_000;

/** The meetings of one's own lists that are on, those that began last first; a series is one meeting. */
export function liveOf(...lists: readonly (readonly ListedMeeting[])[]): readonly ListedMeeting[] {
  const found = new Map<string, ListedMeeting>();
  for (const meeting of lists.flat()) {
    if (meeting.status === "live" && meeting.joinable && !found.has(meeting.id)) found.set(meeting.id, meeting);
  }
  return [...found.values()].sort((one, other) => (other.startedAt ?? "").localeCompare(one.startedAt ?? ""));
}

async function load(api: ParleyApi): Promise<readonly ListedMeeting[]> {
  const [hosted, invited] = await Promise.all(
    (["hosted", "invited"] as const).map((list) => api.meetings.list(list, { status: "live", limit: 100 })),
  );
  return liveOf(hosted?.items ?? [], invited?.items ?? []);
}

/** What is on now, of one's own and of what one is invited to. Looked after again and again; a failure leaves it as it is. */
export function useLiveMeetings(api: ParleyApi): readonly ListedMeeting[] {
  const [live, setLive] = useState<readonly ListedMeeting[]>([]);
  useEffect(
    () =>
      poll(
        async (isCurrent) => {
          const found = await load(api);
          if (isCurrent()) setLive(found);
        },
        () => true,
        PAUSE_MS,
      ),
    [api],
  );
  return live;
}
