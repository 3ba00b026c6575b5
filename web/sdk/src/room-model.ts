/** What the gateway has told of the room, and how events change it. Pure. */
import type { ChatMessage, ParticipantInfo, RoomEvents, RoomSnapshot, TrackInfo, Welcome } from "./wire.js";

type RoomEvent = RoomEvents["events"][number];

export interface RoomModel {
  readonly version: number;
  readonly meetingId: string;
  readonly startedAt: number;
  readonly participants: ReadonlyMap<string, ParticipantInfo>;
  readonly tracks: ReadonlyMap<string, TrackInfo>;
  readonly chat: readonly ChatMessage[];
}

export function modelOf(welcome: Welcome): RoomModel {
  const room: RoomSnapshot = welcome.room;
  return {
    version: welcome.version,
    meetingId: room.meeting_id,
    startedAt: room.started_at,
    participants: new Map(room.participants.map((participant) => [participant.id, participant])),
    tracks: new Map(room.tracks.map((track) => [track.id, track])),
    chat: room.chat,
  };
}

/**
 * The model after a message; the same model when the message is known already; `"gap"` when something between is missing, and the client
 * must resume to get it.
 */
export function applied(model: RoomModel, message: RoomEvents): RoomModel | "gap" {
  if (message.version <= model.version) return model;
  if (message.after > model.version) return "gap";
  let next = model;
  for (const event of message.events) {
    if (event.version > model.version) next = afterEvent(next, event);
  }
  return { ...next, version: message.version };
}

function afterEvent(model: RoomModel, event: RoomEvent): RoomModel {
  switch (event.type) {
    case "participant_joined":
      return { ...model, participants: new Map(model.participants).set(event.participant.id, event.participant) };
    case "participant_disconnected":
      return withConnected(model, event.participant_id, false);
    case "participant_resumed":
      return withConnected(model, event.participant_id, true);
    case "participant_left":
      return {
        ...model,
        participants: without(model.participants, event.participant_id),
        tracks: new Map([...model.tracks].filter(([, track]) => track.participant_id !== event.participant_id)),
      };
    case "track_published":
      return { ...model, tracks: new Map(model.tracks).set(event.track.id, event.track) };
    case "track_unpublished":
      return { ...model, tracks: without(model.tracks, event.track_id) };
    case "track_muted":
      return withMuted(model, event.track_id, true);
    case "track_unmuted":
      return withMuted(model, event.track_id, false);
    case "chat_sent":
      return { ...model, chat: [...model.chat, event.message] };
    case "meeting_ended":
      return model;
  }
}

function without<Value>(map: ReadonlyMap<string, Value>, key: string): ReadonlyMap<string, Value> {
  const next = new Map(map);
  next.delete(key);
  return next;
}

function withConnected(model: RoomModel, id: string, connected: boolean): RoomModel {
  const participant = model.participants.get(id);
  if (participant === undefined) return model;
  return { ...model, participants: new Map(model.participants).set(id, { ...participant, connected }) };
}

function withMuted(model: RoomModel, id: string, muted: boolean): RoomModel {
  const track = model.tracks.get(id);
  if (track === undefined) return model;
  return { ...model, tracks: new Map(model.tracks).set(id, { ...track, muted }) };
}
