import {
  asParleyError,
  type LiveRoom,
  type Page,
  type ParleyError,
  type ParticipantStatistics,
  type RoomParticipant,
} from "@parley/sdk";
import { useCallback, useEffect, useState } from "react";
import { useSession } from "../session/session.js";
import { NO_HISTORY, NO_LAYERS, withLayers, withStatistics, type LayerHistory, type RoomHistory } from "./history.js";
import { poll } from "./poll.js";

const LOOK_MS = 2_000;
const NAMES_MS = 8_000;
const LIST_MS = 5_000;
const MAX_PAGES = 10;
/** What does not change by waiting. */
const LASTING = new Set(["permission_denied", "meeting_not_found", "meeting_ended", "session_expired"]);

/** What was seen, and the error of the last look if it failed. */
export interface Watched<Value> {
  readonly value: Value;
  readonly error: ParleyError | null;
}

/** Looks again and again. What a look gives is put into what was seen before. */
function useWatched<Value, Seen>(
  start: Value,
  look: () => Promise<Seen>,
  put: (before: Value, seen: Seen) => Value,
  pauseMs: number,
): Watched<Value> {
  const [watched, setWatched] = useState<Watched<Value>>({ value: start, error: null });
  useEffect(
    () =>
      poll(
        async (isCurrent) => {
          const seen = await look();
          if (isCurrent()) setWatched((before) => ({ value: put(before.value, seen), error: null }));
        },
        (thrown) => {
          const error = asParleyError(thrown);
          setWatched((before) => ({ ...before, error }));
          return !LASTING.has(error.code);
        },
        pauseMs,
      ),
    [look, put, pauseMs],
  );
  return watched;
}

/** All live rooms that one may see; null before the first look. */
export function useLiveRooms(): Watched<readonly LiveRoom[] | null> {
  const { api } = useSession();
  const look = useCallback(() => allOf((cursor) => api.listLiveRooms(cursor)), [api]);
  return useWatched<readonly LiveRoom[] | null, readonly LiveRoom[]>(null, look, newest, LIST_MS);
}

/** Who is in a room; null before the first look. */
export function useParticipants(meetingId: string): Watched<readonly RoomParticipant[] | null> {
  const { api } = useSession();
  const look = useCallback(() => allOf((cursor) => api.listParticipants(meetingId, cursor)), [api, meetingId]);
  return useWatched<readonly RoomParticipant[] | null, readonly RoomParticipant[]>(null, look, newest, NAMES_MS);
}

export interface RoomSeen {
  readonly history: RoomHistory;
  readonly nodeId: string | null;
}

const NO_ROOM: RoomSeen = { history: NO_HISTORY, nodeId: null };

/** How the media of everybody in a room has done since the page was opened. */
export function useRoomHistory(meetingId: string): Watched<RoomSeen> {
  const { api } = useSession();
  const look = useCallback(() => api.getRoomStatistics(meetingId), [api, meetingId]);
  return useWatched(NO_ROOM, look, withRoom, LOOK_MS);
}

export interface PersonSeen {
  readonly layers: LayerHistory;
  readonly latest: ParticipantStatistics | null;
}

const NO_PERSON: PersonSeen = { layers: NO_LAYERS, latest: null };

/** What somebody has been sent since the details were opened. */
export function usePersonHistory(meetingId: string, participantId: string): Watched<PersonSeen> {
  const { api } = useSession();
  const look = useCallback(
    () => api.getParticipantStatistics(meetingId, participantId),
    [api, meetingId, participantId],
  );
  return useWatched(NO_PERSON, look, withPerson, LOOK_MS);
}

function newest<Seen>(_before: unknown, seen: Seen): Seen {
  return seen;
}

function withRoom({ history }: RoomSeen, seen: Parameters<typeof withStatistics>[1]): RoomSeen {
  return { history: withStatistics(history, seen), nodeId: seen.nodeId };
}

function withPerson({ layers }: PersonSeen, latest: ParticipantStatistics): PersonSeen {
  return { layers: withLayers(layers, latest), latest };
}

async function allOf<Item>(read: (cursor?: string) => Promise<Page<Item>>): Promise<readonly Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await read(cursor);
    items.push(...answer.items);
    if (answer.nextCursor === null) break;
    cursor = answer.nextCursor;
  }
  return items;
}
