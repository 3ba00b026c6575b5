/** From what the gateway says and what the media connections hold to the state that a page renders. Pure. */
import type { RoomModel } from "./room-model.js";
import type { ChatMessage, ParticipantState, RoomState, TrackState } from "./room-state.js";

/** Beside the model: what only this client knows. */
export interface LocalView {
  readonly status: RoomState["status"];
  readonly media: RoomState["media"];
  readonly closeReason: RoomState["closeReason"];
  readonly audioBlocked: boolean;
  readonly selfId: string | null;
  /** Received or captured tracks, by track id. */
  readonly mediaTracks: ReadonlyMap<string, MediaStreamTrack>;
  /** Ids of the participants who speak. */
  readonly speaking: ReadonlySet<string>;
}

export const INITIAL_STATE: RoomState = {
  status: "idle",
  media: "none",
  meetingId: null,
  startedAt: null,
  self: null,
  participants: [],
  chat: [],
  closeReason: null,
  audioBlocked: false,
};

/** The next state; whatever equals its part of `previous` is that part. */
export function viewOf(model: RoomModel | null, local: LocalView, previous: RoomState): RoomState {
  const participants = kept(
    previous.participants,
    [...(model?.participants.values() ?? [])].map((info) => {
      const before = previous.participants.find((participant) => participant.id === info.id);
      const tracks = [...(model?.tracks.values() ?? [])]
        .filter((track) => track.participant_id === info.id)
        .map((track): TrackState => {
          const next = {
            id: track.id,
            participantId: track.participant_id,
            source: track.source,
            kind: track.kind,
            muted: track.muted,
            isLocal: track.participant_id === local.selfId,
            mediaTrack: local.mediaTracks.get(track.id) ?? null,
          };
          return same(before?.tracks.find((candidate) => candidate.id === track.id), next);
        });
      const next: ParticipantState = {
        id: info.id,
        identity: info.identity,
        name: info.name,
        role: info.role,
        isSelf: info.id === local.selfId,
        connected: info.connected,
        permissions: info.permissions,
        joinedAt: info.joined_at,
        tracks: kept(before?.tracks ?? [], tracks),
        speaking: local.speaking.has(info.id),
      };
      return same(before, next);
    }),
  );
  return {
    status: local.status,
    media: local.media,
    meetingId: model?.meetingId ?? previous.meetingId,
    startedAt: model?.startedAt ?? previous.startedAt,
    self: participants.find((participant) => participant.isSelf) ?? null,
    participants,
    chat: chatOf(model, local.selfId, previous),
    closeReason: local.closeReason,
    audioBlocked: local.audioBlocked,
  };
}

function chatOf(model: RoomModel | null, selfId: string | null, previous: RoomState): readonly ChatMessage[] {
  if (model === null) return previous.chat;
  return kept(
    previous.chat,
    model.chat.map((message, index) =>
      same(previous.chat[index], {
        id: message.id,
        participantId: message.participant_id,
        name: message.name,
        text: message.text,
        at: message.at,
        isOwn: message.participant_id === selfId,
      }),
    ),
  );
}

/** `before` if it has the same items. */
function kept<Item>(before: readonly Item[], after: readonly Item[]): readonly Item[] {
  return before.length === after.length && after.every((item, index) => item === before[index]) ? before : after;
}

/** `before` if all its fields are the same. */
function same<Value extends object>(before: Value | undefined, after: Value): Value {
  if (before === undefined) return after;
  const keys = Object.keys(after) as (keyof Value)[];
  return keys.every((key) => before[key] === after[key]) ? before : after;
}
