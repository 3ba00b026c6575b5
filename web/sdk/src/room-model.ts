/** What the gateway has told of the room, and how events change it. Pure. */
import type { Peer } from "./direct-link.js";
import type {
  BannedPerson,
  Breakouts,
  ChatMessage,
  LobbyGuest,
  ParticipantInfo,
  PollInfo,
  BroadcastEnd,
  BroadcastInfo,
  IngressEnd,
  IngressFailure,
  IngressInfo,
  RecordingEnd,
  RecordingInfo,
  RecordingKind,
  RolePermissions,
  RoomEvents,
  RoomPolicy,
  RoomSync,
  TrackInfo,
} from "./wire.js";

type RoomEvent = RoomEvents["events"][number];

export interface RoomModel {
  readonly version: number;
  readonly meetingId: string;
  readonly startedAt: number;
  readonly participants: ReadonlyMap<string, ParticipantInfo>;
  readonly tracks: ReadonlyMap<string, TrackInfo>;
  readonly chat: readonly ChatMessage[];
  readonly policy: RoomPolicy;
  readonly rolePermissions: readonly RolePermissions[];
  readonly spotlight: readonly string[];
  readonly polls: ReadonlyMap<string, PollInfo>;
  /** One's own votes, by poll. */
  readonly myVotes: ReadonlyMap<string, readonly number[]>;
  /** The breakout rooms, while they are open. */
  readonly breakouts: Breakouts | null;
  readonly lobby: readonly LobbyGuest[];
  readonly banned: readonly BannedPerson[];
  /** The recording that is being made of the main room. */
  readonly recording: RecordingInfo | null;
  /** Of recordings for which nobody chooses another one. */
  readonly recordingKind: RecordingKind;
  /** Why the latest one that one has seen is over. */
  readonly recordingEnd: RecordingEnd | null;
  /** The broadcast of the main room that is on. */
  readonly broadcast: BroadcastInfo | null;
  readonly broadcastEnd: BroadcastEnd | null;
  /** The streams that may be brought in, by id; none for those who do not moderate. */
  readonly ingresses: ReadonlyMap<string, IngressInfo>;
  /** How the latest one ended that one has seen. */
  readonly ingressEnd: { readonly name: string; readonly end: IngressEnd; readonly reason: IngressFailure | null } | null;
  /** When the meeting's longest time is over, and it ends. */
  readonly endsAt: number | null;
}

/** The room that a `welcome` or a `room` message tells. */
export function modelOf({ version, room }: RoomSync): RoomModel {
  return {
    version,
    meetingId: room.meeting_id,
    startedAt: room.started_at,
    participants: new Map(room.participants.map((participant) => [participant.id, participant])),
    tracks: new Map(room.tracks.map((track) => [track.id, track])),
    chat: room.chat,
    policy: room.policy,
    rolePermissions: room.role_permissions,
    spotlight: room.spotlight,
    polls: new Map(room.polls.map((poll) => [poll.id, poll])),
    myVotes: new Map(room.my_votes.map((vote) => [vote.poll_id, vote.options])),
    breakouts: room.breakouts,
    lobby: room.lobby,
    banned: room.banned,
    recording: room.recording,
    recordingKind: room.recording_kind,
    recordingEnd: null,
    broadcast: room.broadcast ?? null, // gateways of earlier releases do not say
    broadcastEnd: null,
    // Gateways of earlier releases do not say.
    ingresses: new Map(((room.ingresses as readonly IngressInfo[] | undefined) ?? []).map((ingress) => [ingress.id, ingress])),
    ingressEnd: null,
    endsAt: room.ends_at ?? null,
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

/** The events that a model, if there is one, does not know yet. */
export function newsIn(events: readonly RoomEvent[], model: RoomModel | null): readonly RoomEvent[] {
  return events.filter((event) => event.version > (model?.version ?? 0));
}

function afterEvent(model: RoomModel, event: RoomEvent): RoomModel {
  switch (event.type) {
    case "participant_joined":
      return { ...model, participants: new Map(model.participants).set(event.participant.id, event.participant) };
    case "participant_disconnected":
      return withParticipant(model, event.participant_id, { connected: false });
    case "participant_resumed":
      return withParticipant(model, event.participant_id, { connected: true });
    case "participant_renamed":
      return withParticipant(model, event.participant_id, { name: event.name });
    case "role_changed":
      return withParticipant(model, event.participant_id, { role: event.role, permissions: event.permissions });
    case "permissions_changed":
      return withParticipant(model, event.participant_id, { permissions: event.permissions });
    case "hand_raised":
      return withParticipant(model, event.participant_id, { hand_raised: event.version });
    case "hand_lowered":
      return withParticipant(model, event.participant_id, { hand_raised: null });
    case "participant_left":
      return {
        ...model,
        participants: without(model.participants, event.participant_id),
        tracks: new Map([...model.tracks].filter(([, track]) => track.participant_id !== event.participant_id)),
        spotlight: model.spotlight.filter((id) => id !== event.participant_id),
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
    case "chat_edited":
      return {
        ...model,
        chat: model.chat.map((message) =>
          message.id === event.message_id ? { ...message, text: event.text, edited_at: event.at } : message,
        ),
      };
    case "chat_removed":
      return { ...model, chat: model.chat.filter((message) => message.id !== event.message_id) };
    case "policy_changed":
      return { ...model, policy: event.policy };
    case "role_permissions_changed": {
      const others = model.rolePermissions.filter(({ role }) => role !== event.role);
      return { ...model, rolePermissions: [...others, { role: event.role, permissions: event.permissions }] };
    }
    case "spotlight_changed":
      return { ...model, spotlight: event.participant_ids };
    case "lobby_joined":
      return { ...model, lobby: [...model.lobby, event.guest] };
    case "lobby_left":
      return { ...model, lobby: model.lobby.filter((guest) => guest.id !== event.participant_id) };
    case "person_unbanned":
      return { ...model, banned: model.banned.filter((person) => person.identity !== event.identity) };
    case "poll_created":
      return { ...model, polls: new Map(model.polls).set(event.poll.id, event.poll) };
    case "poll_voted":
      return withPoll(model, event.poll_id, { votes: event.votes, voters: event.voters });
    case "poll_closed":
      return withPoll(model, event.poll_id, { closed: true });
    case "breakouts_opened":
    case "breakouts_changed":
      return { ...model, breakouts: event.breakouts };
    case "breakouts_closed":
      return { ...model, breakouts: null };
    case "participants_moved": {
      const participants = new Map(model.participants);
      for (const { participant_id: id, breakout, assigned_breakout } of event.moves) {
        const participant = participants.get(id);
        if (participant !== undefined) participants.set(id, { ...participant, breakout, assigned_breakout });
      }
      return { ...model, participants };
    }
    case "recording_started": {
      const recording = { id: event.recording_id, started_at: event.at, by: event.by, kind: event.kind, layout: event.layout };
      return { ...model, recording, recordingEnd: null };
    }
    case "recording_stopped":
      return { ...model, recording: null, recordingEnd: event.reason };
    case "broadcast_started": {
      const { broadcast_id: id, at, by, layout, watch_key } = event;
      return { ...model, broadcast: { id, started_at: at, by, layout, watch_key, targets: [] }, broadcastEnd: null };
    }
    case "broadcast_changed":
      if (model.broadcast?.id !== event.broadcast_id) return model;
      return { ...model, broadcast: { ...model.broadcast, targets: event.targets } };
    case "broadcast_stopped":
      return { ...model, broadcast: null, broadcastEnd: event.reason };
    case "ingress_started":
      return { ...model, ingresses: new Map(model.ingresses).set(event.ingress.id, event.ingress), ingressEnd: null };
    case "ingress_changed": {
      const known = model.ingresses.get(event.ingress_id);
      if (known === undefined) return model;
      const { state, address, participant_id, reason } = event;
      return { ...model, ingresses: new Map(model.ingresses).set(known.id, { ...known, state, address, participant_id, reason }) };
    }
    case "ingress_stopped": {
      const ingresses = new Map(model.ingresses);
      const name = ingresses.get(event.ingress_id)?.name ?? "";
      ingresses.delete(event.ingress_id);
      return { ...model, ingresses, ingressEnd: { name, end: event.end, reason: event.reason } };
    }
    // `SharedNotes` has the notes.
    case "notes_edited":
    case "unmute_asked":
    case "reaction_sent":
    case "peer_signalled":
    case "data_sent":
    case "meeting_ended":
      return model;
  }
}

/** With whom one is alone in a room where media may go directly, and who of the two offers; null: with nobody. */
export function peerOf(model: RoomModel, selfId: string | null): Peer | null {
  const self = model.participants.get(selfId ?? "");
  if (self === undefined || !model.policy.direct) return null;
  if ((model.recording !== null || model.broadcast !== null) && self.breakout === null) return null;
  const others = [...model.participants.values()].filter(({ id, breakout }) => id !== self.id && breakout === self.breakout);
  const [other] = others;
  // Encoders and players that came in by a standard door answer no signals.
  if (other?.kind !== "person" || self.kind !== "person" || others.length > 1) return null;
  if (!self.permissions.subscribe || !other.permissions.subscribe) return null;
  return { id: other.id, offers: self.id < other.id };
}

/** The model after one's own vote has been taken. */
export function voted(model: RoomModel, pollId: string, options: readonly number[]): RoomModel {
  return { ...model, myVotes: new Map(model.myVotes).set(pollId, options) };
}

function without<Value>(map: ReadonlyMap<string, Value>, key: string): ReadonlyMap<string, Value> {
  const next = new Map(map);
  next.delete(key);
  return next;
}

function withParticipant(model: RoomModel, id: string, changes: Partial<ParticipantInfo>): RoomModel {
  const participant = model.participants.get(id);
  if (participant === undefined) return model;
  return { ...model, participants: new Map(model.participants).set(id, { ...participant, ...changes }) };
}

function withPoll(model: RoomModel, id: string, changes: Partial<PollInfo>): RoomModel {
  const poll = model.polls.get(id);
  if (poll === undefined) return model;
  return { ...model, polls: new Map(model.polls).set(id, { ...poll, ...changes }) };
}

function withMuted(model: RoomModel, id: string, muted: boolean): RoomModel {
  const track = model.tracks.get(id);
  if (track === undefined) return model;
  return { ...model, tracks: new Map(model.tracks).set(id, { ...track, muted }) };
}
