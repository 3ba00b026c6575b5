import { asParleyError, type BreakoutPlan, type Prepared, type PreparedPoll } from "@parley/sdk";
import { useCallback } from "react";
import { useLoaded, type Loaded } from "../../loading/useLoaded.js";
import { useSession } from "../../session/session.js";
import { useRoom } from "../meeting-room.js";

/** For those who moderate in the room and do not run the meeting, nothing is prepared. */
const NOT_THEIRS = new Set(["permission_denied", "meeting_not_found", "session_expired"]);
const NO_POLLS: readonly PreparedPoll[] = [];

/** The polls that were prepared for the meeting, for who may ask them: those who are logged in, and run it. */
export function usePreparedPolls(isWanted: boolean): Loaded<readonly PreparedPoll[]> {
  return usePrepared(isWanted, readPolls, NO_POLLS);
}

/** The breakout rooms that were planned for the meeting, for who may open them; null: none. */
export function useBreakoutPlan(isWanted: boolean): Loaded<BreakoutPlan | null> {
  return usePrepared<BreakoutPlan | null>(isWanted, readPlan, null);
}

const readPolls = (prepared: Prepared, meetingId: string) => prepared.polls(meetingId);
const readPlan = (prepared: Prepared, meetingId: string) => prepared.breakouts(meetingId);

function usePrepared<Value>(
  isWanted: boolean,
  read: (prepared: Prepared, meetingId: string) => Promise<Value>,
  none: Value,
): Loaded<Value> {
  const { api, user } = useSession();
  const { meetingId } = useRoom();
  const isTheirs = isWanted && user !== null;
  return useLoaded(
    useCallback(async () => {
      if (!isTheirs) return none;
      try {
        return await read(api.meetings.prepared, meetingId);
      } catch (thrown) {
        if (NOT_THEIRS.has(asParleyError(thrown).code)) return none;
        throw thrown;
      }
    }, [api, meetingId, isTheirs, read, none]),
  );
}
