import { useCallback } from "react";
import { useLoaded, type Loaded } from "../loading/useLoaded.js";
import { filledPage } from "../loading/usePages.js";
import { useSession } from "../session/session.js";

/** Whether there are recordings of a meeting; null until it is known, and as long as nobody wants to know. */
export function useHasRecordings(meetingId: string, isAsked: boolean): Loaded<boolean | null> {
  const { api } = useSession();
  const load = useCallback(async () => {
    if (!isAsked) return null;
    const { items } = await filledPage((cursor) => api.recordings.ofMeeting(meetingId, undefined, cursor));
    return items.length > 0;
  }, [api, meetingId, isAsked]);
  return useLoaded(load);
}
