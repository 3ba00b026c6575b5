/** From what the gateway says and what the media connections hold to the state that a page renders. Pure. */
import type { RoomModel } from "./room-model.js";
import type { TrackInfo } from "./wire.js";
import type {
  BreakoutsState,
  ChatMessage,
  EncryptionState,
  NotesState,
  ParticipantState,
  PollState,
  QualityLevel,
  Reaction,
  BroadcastState,
  IngressState,
  RecordingState,
  RoomEncryptionState,
  RoomState,
  TrackState,
  UnplayableReason,
  ViewerState,
} from "./room-state.js";

/** Beside the model: what only this client knows. */
export interface LocalView {
  readonly status: RoomState["status"];
  readonly media: RoomState["media"];
  readonly path: RoomState["path"];
  readonly closeReason: RoomState["closeReason"];
  readonly audioBlocked: boolean;
  readonly selfId: string | null;
  /** Received or captured tracks, by track id. */
  readonly mediaTracks: ReadonlyMap<string, MediaStreamTrack>;
  /** Ids of the participants who speak, as measured here. */
  readonly speaking: ReadonlySet<string>;
  /** Ids of those who speak, as the media node tells it, the loudest first; null: it tells nothing. */
  readonly activeSpeakers: readonly string[] | null;
  readonly starved: ReadonlySet<string>;
  readonly unplayable: ReadonlyMap<string, UnplayableReason>;
  /** The cameras that are sent, by track id; null: all that are wanted. */
  readonly camerasShown: ReadonlySet<string> | null;
  readonly sound: RoomState["sound"];
  /** By participant. */
  readonly qualities: ReadonlyMap<string, QualityLevel>;
  /** Null where nothing is encrypted from end to end. */
  readonly encryption: (RoomEncryptionState & { readonly stateOf: (participantId: string) => EncryptionState }) | null;
  readonly reactions: readonly Reaction[];
  readonly lobbyMessage: string | null;
  readonly notes: NotesState;
  readonly unmuteRequest: RoomState["unmuteRequest"];
}

export const INITIAL_STATE: RoomState = {
  status: "idle",
  media: "none",
  path: "node",
  meetingId: null,
  startedAt: null,
  self: null,
  participants: [],
  viewers: [],
  nearby: [],
  activeSpeakers: [],
  chat: [],
  policy: { locked: false, lobby: false, unmute: true, rename: true, private_chat: true, notes: true, direct: false, e2ee: false },
  spotlight: [],
  polls: [],
  notes: { text: "", isSaved: true, refusal: null, takenBack: "" },
  breakouts: null,
  recording: null,
  recordingKind: "composite",
  recordingEnd: null,
  broadcast: null,
  broadcastEnd: null,
  ingresses: [],
  ingressEnd: null,
  endsAt: null,
  reactions: [],
  lobby: [],
  banned: [],
  lobbyMessage: null,
  unmuteRequest: null,
  encryption: null,
  closeReason: null,
  sound: { form: "separate", reason: null },
  audioBlocked: false,
};

function isHidden({ id, source, participant_id: owner }: TrackInfo, { path, selfId, camerasShown }: LocalView): boolean {
  return path === "node" && source === "camera" && owner !== selfId && camerasShown?.has(id) === false;
}

/** The next state; whatever equals its part of `previous` is that part. */
export function viewOf(model: RoomModel | null, local: LocalView, previous: RoomState): RoomState {
  const told = local.path === "node" ? local.activeSpeakers : null;
  // An encoder may tell no levels.
  const speaks = ({ id, kind }: { id: string; kind: ParticipantState["kind"] }): boolean =>
    told === null || kind === "stream" ? local.speaking.has(id) : told.includes(id);
  const participants = kept(
    previous.participants,
    [...(model?.participants.values() ?? [])].filter(({ kind }) => kind !== "viewer").map((info) => {
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
            starved: local.path === "node" && local.starved.has(track.id),
            unplayable: local.path === "node" ? (local.unplayable.get(track.id) ?? null) : null,
            hidden: isHidden(track, local),
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
        kind: info.kind,
        isSelf: info.id === local.selfId,
        connected: info.connected,
        permissions: info.permissions,
        joinedAt: info.joined_at,
        handRaised: info.hand_raised,
        breakout: info.breakout,
        assignedBreakout: info.assigned_breakout,
        tracks: kept(before?.tracks ?? [], tracks),
        speaking: speaks(info),
        encryption: local.encryption?.stateOf(info.id) ?? null,
        connectionQuality: local.path === "node" ? (local.qualities.get(info.id) ?? null) : null,
      };
      return same(before, next);
    }),
  );
  const self = participants.find((participant) => participant.isSelf) ?? null;
  return {
    status: local.status,
    media: local.media,
    path: local.path,
    meetingId: model?.meetingId ?? previous.meetingId,
    startedAt: model?.startedAt ?? previous.startedAt,
    self,
    participants,
    viewers: viewersOf(model, previous),
    nearby: nearbyOf(participants, self, previous),
    activeSpeakers: activeSpeakersOf(participants, told ?? [], previous),
    chat: chatOf(model, local.selfId, previous),
    policy: model?.policy ?? previous.policy,
    spotlight: model?.spotlight ?? previous.spotlight,
    polls: pollsOf(model, previous),
    notes: local.notes,
    breakouts: breakoutsOf(model, previous),
    recording: recordingOf(model, previous),
    recordingKind: model?.recordingKind ?? previous.recordingKind,
    recordingEnd: model?.recordingEnd ?? null,
    broadcast: broadcastOf(model, previous),
    broadcastEnd: model?.broadcastEnd ?? null,
    ingresses: ingressesOf(model, previous),
    ingressEnd: model?.ingressEnd ?? null,
    endsAt: model?.endsAt ?? null,
    reactions: local.reactions,
    lobby: model?.lobby ?? previous.lobby,
    banned: model?.banned ?? previous.banned,
    lobbyMessage: local.lobbyMessage,
    unmuteRequest: local.unmuteRequest,
    encryption: encryptionOf(local, previous),
    closeReason: local.closeReason,
    sound: local.path === "node" ? local.sound : INITIAL_STATE.sound,
    audioBlocked: local.audioBlocked,
  };
}

function encryptionOf({ encryption }: LocalView, previous: RoomState): RoomEncryptionState | null {
  if (encryption === null) return null;
  return same(previous.encryption ?? undefined, { code: encryption.code, keyId: encryption.keyId });
}

function activeSpeakersOf(
  participants: readonly ParticipantState[],
  told: readonly string[],
  previous: RoomState,
): readonly string[] {
  const speaking = participants.filter((participant) => participant.speaking).map(({ id }) => id);
  const ranked = told.filter((id) => speaking.includes(id));
  return kept(previous.activeSpeakers, [...ranked, ...speaking.filter((id) => !ranked.includes(id))]);
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
        to: message.to,
        toName: message.to_name,
        editedAt: message.edited_at,
        breakout: message.breakout?.name ?? null,
      }),
    ),
  );
}

function viewersOf(model: RoomModel | null, previous: RoomState): readonly ViewerState[] {
  if (model === null) return previous.viewers;
  return kept(
    previous.viewers,
    [...model.participants.values()]
      .filter(({ kind }) => kind === "viewer")
      .map(({ id, identity, name }) =>
        same(previous.viewers.find((viewer) => viewer.id === id), { id, identity, name }),
      ),
  );
}

function nearbyOf(
  participants: readonly ParticipantState[],
  self: ParticipantState | null,
  previous: RoomState,
): readonly ParticipantState[] {
  const here = self?.breakout ?? null;
  const nearby = participants.filter(({ breakout }) => breakout === here);
  return nearby.length === participants.length ? participants : kept(previous.nearby, nearby);
}

function breakoutsOf(model: RoomModel | null, previous: RoomState): BreakoutsState | null {
  if (model === null) return previous.breakouts;
  if (model.breakouts === null) return null;
  const { rooms, free_choice: freeChoice, ends_at: endsAt } = model.breakouts;
  const next = { rooms, freeChoice, endsAt };
  return same(previous.breakouts ?? undefined, next);
}

function recordingOf(model: RoomModel | null, previous: RoomState): RecordingState | null {
  if (model?.recording == null) return null;
  const { id, started_at: startedAt, by, kind } = model.recording;
  return same(previous.recording ?? undefined, { id, startedAt, by, kind });
}

function broadcastOf(model: RoomModel | null, previous: RoomState): BroadcastState | null {
  if (model?.broadcast == null) return null;
  const { id, started_at: startedAt, by, watch_key: watchKey } = model.broadcast;
  const before = previous.broadcast?.targets ?? [];
  const targets = kept(
    before,
    model.broadcast.targets.map((each, place) => same(before[place], { ...each })),
  );
  return same(previous.broadcast ?? undefined, { id, startedAt, by, watchKey, targets });
}

function ingressesOf(model: RoomModel | null, previous: RoomState): readonly IngressState[] {
  if (model === null) return previous.ingresses;
  return kept(
    previous.ingresses,
    [...model.ingresses.values()].map(({ id, kind, name, state, address, participant_id: participantId, reason }) =>
      same(
        previous.ingresses.find((before) => before.id === id),
        // One that has ended or failed is told of by its end.
        { id, kind, name, state: state === "waiting" || state === "live" ? state : "connecting", address, participantId, reason },
      ),
    ),
  );
}

function pollsOf(model: RoomModel | null, previous: RoomState): readonly PollState[] {
  if (model === null) return previous.polls;
  return [...model.polls.values()].map((poll) => {
    const mine = model.myVotes.get(poll.id) ?? [];
    return {
      id: poll.id,
      question: poll.question,
      options: poll.options.map((text, place) => ({
        text,
        votes: poll.votes[place] ?? 0,
        isMine: mine.includes(place),
      })),
      multiple: poll.multiple,
      voters: poll.voters,
      closed: poll.closed,
      hasVoted: mine.length > 0,
      preparedId: poll.prepared_id ?? null, // gateways of earlier releases do not say
    };
  });
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
