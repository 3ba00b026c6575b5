/** The room as a user interface sees it. Every object is immutable; what has not changed keeps its identity. */

import type { EncryptionState } from "./e2ee/room-encryption.js";

export type { EncryptionState } from "./e2ee/room-encryption.js";

export type TrackSource = "microphone" | "camera" | "screen" | "screen_audio";
export type ParticipantKind = "person" | "stream" | "viewer";
export type Role = "host" | "cohost" | "participant" | "guest";

/**
 * `idle` before `connect`, `waiting` in the lobby, `closed` after leaving, removal or the end. `reconnecting`: the signalling connection is lost and is
 * being resumed; media may go on meanwhile.
 */
export type RoomStatus = "idle" | "connecting" | "waiting" | "connected" | "reconnecting" | "closed";

export interface Permissions {
  readonly publish: readonly ("audio" | "video" | "screen")[];
  readonly subscribe: boolean;
  readonly chat: boolean;
  readonly moderate: boolean;
  readonly record: boolean;
  readonly notes: boolean;
}

/** The media node has no place for another transcoder; or media is encrypted from end to end, and no server can decode it. */
export type UnplayableReason = "no_transcoder" | "encrypted";

export interface TrackState {
  readonly id: string;
  readonly participantId: string;
  readonly source: TrackSource;
  readonly kind: "audio" | "video";
  readonly muted: boolean;
  /** Our connection is too weak for this picture, however small: nothing of it comes until there is room again. */
  readonly starved: boolean;
  /** In a codec that this browser does not take, and the media node cannot transcode it: nothing comes until it can. */
  readonly unplayable: UnplayableReason | null;
  /** A camera that is not among those that one is to see (`Room.limitCameras`, or the node's limit): nothing of it comes until it is. */
  readonly hidden: boolean;
  readonly isLocal: boolean;
  /** Null until media is attached (a remote track that has been announced, but not received yet). */
  readonly mediaTrack: MediaStreamTrack | null;
}

/**
 * How sound comes: each person's as a track of its own, or all of it mixed into one. `reason`: why it is not mixed although one has asked for
 * it, where that may last: the media node has no place for a mixer, or the meeting is encrypted from end to end.
 */
export interface SoundState {
  readonly form: "separate" | "mixed";
  readonly reason: "no_mixer" | "encrypted" | null;
}

/** How somebody's connection to the media node is, as the node judges it. */
export type QualityLevel = "excellent" | "good" | "poor" | "lost";

export interface ParticipantState {
  readonly id: string;
  readonly identity: string;
  readonly name: string;
  readonly role: Role;
  /** `stream`: an encoder that came in by WHIP. Players that came in by WHEP are not among the participants. */
  readonly kind: ParticipantKind;
  readonly isSelf: boolean;
  /** False while this participant's connection is lost and may still come back. */
  readonly connected: boolean;
  readonly permissions: Permissions;
  readonly joinedAt: number;
  /** Sorts the raised hands, first first; null while the hand is down. */
  readonly handRaised: number | null;
  /** The breakout room, by id; null: the main room. */
  readonly breakout: string | null;
  /** The breakout room that this participant may go to by themselves, without free choice. */
  readonly assignedBreakout: string | null;
  readonly tracks: readonly TrackState[];
  readonly speaking: boolean;
  /** In an encrypted meeting, whether media of theirs can be received; null in others. */
  readonly encryption: EncryptionState | null;
  /** Null until it is known. */
  readonly connectionQuality: QualityLevel | null;
}

export interface ChatMessage {
  readonly id: string;
  readonly participantId: string;
  readonly name: string;
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly isOwn: boolean;
  /** Null: to all in the author's room. Else a participant's id, `hosts`, or `everyone`. */
  readonly to: string | null;
  readonly toName: string | null;
  readonly editedAt: number | null;
  /** The name of the breakout room it was written in; null: the main room. */
  readonly breakout: string | null;
}

/** The rules of a room. They bind those who do not moderate. */
export interface RoomPolicy {
  readonly locked: boolean;
  readonly lobby: boolean;
  readonly unmute: boolean;
  readonly rename: boolean;
  readonly private_chat: boolean;
  readonly notes: boolean;
  readonly direct: boolean;
  readonly e2ee: boolean;
}

export interface LobbyGuest {
  readonly id: string;
  readonly name: string;
  readonly since: number;
}

export interface PollState {
  readonly id: string;
  readonly question: string;
  readonly options: readonly { readonly text: string; readonly votes: number; readonly isMine: boolean }[];
  readonly multiple: boolean;
  readonly voters: number;
  readonly closed: boolean;
  readonly hasVoted: boolean;
  /** The meeting's prepared poll that it is; null: none. */
  readonly preparedId: string | null;
}

/** The shared notes, with what one has written oneself and is on its way. */
export interface NotesState {
  readonly text: string;
  /** Whether all that one has written has arrived. */
  readonly isSaved: boolean;
  /** Why what one has written was taken back, by error code: `permission_denied`, `notes_full`; null since one has written again. */
  readonly refusal: string | null;
  /** What one had put in of what was taken back, for whoever wants to copy it; until `SharedNotes.dismiss`. */
  readonly takenBack: string;
}

/** Breakout rooms that are open. */
export interface BreakoutsState {
  readonly rooms: readonly { readonly id: string; readonly name: string }[];
  readonly freeChoice: boolean;
  /** When everybody is brought back, milliseconds since the epoch; null: when somebody closes the rooms. */
  readonly endsAt: number | null;
}

/** A recording that is being made. What goes on in breakout rooms is not recorded. */
export interface RecordingState {
  readonly id: string;
  readonly startedAt: number;
  /** Who started it, by participant id; they may have left. */
  readonly by: string;
  readonly kind: RecordingKind;
}

/** One video of the meeting, its sound alone, a file for each track as it was sent, or the first and the last of these. */
export type RecordingKind = "composite" | "audio" | "tracks" | "both";

/** How people are arranged in a video of the meeting: all alike, or who speaks large. A shared screen is large in either. */
export type RecordingLayout = "grid" | "speaker";

/** What a recording is to be like. */
export interface RecordingWish {
  readonly kind?: RecordingKind;
  readonly layout?: RecordingLayout;
}

/** The meeting as it is streamed out. What goes on in breakout rooms is not. */
export interface BroadcastState {
  readonly id: string;
  readonly startedAt: number;
  /** Who started it, by participant id; they may have left. */
  readonly by: string;
  /** With it everybody may watch: the HLS is `/live/<key>/index.m3u8` at the gateways. Null: it goes to servers alone. */
  readonly watchKey: string | null;
  /** Servers that get it; empty for those who do not moderate. */
  readonly targets: readonly BroadcastTargetState[];
}

/** A server that gets a broadcast by RTMP. */
export interface BroadcastTargetState {
  readonly id: string;
  /** Its name; the rest of its address is a secret. */
  readonly host: string;
  /** `connecting` also while a lost one is tried again; `failed` is not tried any more. */
  readonly state: "connecting" | "live" | "failed";
  /** Why it is not live: see `TargetFailure` in the reference of events. */
  readonly reason: "absent" | "unknown_name" | "private" | "address" | "untrusted" | "refused" | "closed" | "slow" | "garbled" | null;
}

/** Why a stream that is to be brought in does not come, or not any more. */
export type IngressFailure =
  | "address"
  | "private"
  | "absent"
  | "untrusted"
  | "refused"
  | "closed"
  | "silent"
  | "nothing_to_play"
  | "too_large"
  | "garbled"
  | "not_let_in"
  | "unavailable"
  | "lost";

/** A stream that is brought in as a participant, or may be. */
export interface IngressState {
  readonly id: string;
  /** `url` is fetched and played once; `rtmp` is sent by whoever has the key. */
  readonly kind: "url" | "rtmp";
  /** The participant's. */
  readonly name: string;
  /** `waiting`: nobody sends. */
  readonly state: "waiting" | "connecting" | "live";
  /** Where RTMP is sent to; it is another one when the meeting moves to another media node. */
  readonly address: string | null;
  /** Who it is in the room, while it is. */
  readonly participantId: string | null;
  /** Why nothing comes. */
  readonly reason: IngressFailure | null;
}

/** How a stream is to be brought in. */
export interface IngressWish {
  /** The participant's. */
  readonly name: string;
  /** Of a media file or stream (`http:` or `https:`); without it, it is sent by RTMP. Nobody is shown it again. */
  readonly url?: string;
  /** Whether it is shown as a shared screen. */
  readonly screen?: boolean;
}

/** What a broadcast is to be like. */
export interface BroadcastWish {
  readonly layout?: RecordingLayout;
  /** Whether it can be watched by its link; it can unless this says otherwise. */
  readonly hls?: boolean;
  /** Addresses of servers (`rtmp:` or `rtmps:`), each with its stream key. Nobody is shown them again. */
  readonly targets?: readonly { readonly url: string }[];
}

/** An emoji that somebody shows for a moment. */
export interface Reaction {
  readonly key: number;
  readonly participantId: string;
  readonly emoji: string;
}

/** Why a room is closed. `code` is stable; `message` is for people. */
export interface CloseReason {
  readonly code:
    | "left"
    | "meeting_ended"
    | "participant_removed"
    | "replaced"
    | "account_suspended"
    | "account_deleted"
    | "session_expired"
    | (string & {});
  readonly message: string;
}

/** How media comes from the others: through the media node, or (some of it) directly. */
export type MediaPath = "node" | "direct";

/** State of the two media connections, as one word for an indicator. */
export type MediaStatus = "none" | "connecting" | "connected" | "interrupted";

/** Of an encrypted meeting. */
export interface RoomEncryptionState {
  /** Digits that people compare, the same for all who see the same keys; null while nobody else's are known. */
  readonly code: string | null;
  /** The id of the key by which we encrypt: it changes when somebody comes or goes. */
  readonly keyId: number;
}

/** Somebody who watches with a player. */
export interface ViewerState {
  readonly id: string;
  readonly identity: string;
  readonly name: string;
}

export interface RoomState {
  readonly status: RoomStatus;
  readonly media: MediaStatus;
  readonly path: MediaPath;
  readonly meetingId: string | null;
  readonly startedAt: number | null;
  readonly self: ParticipantState | null;
  /** Everyone in the meeting, oneself included, in the order of joining. */
  readonly participants: readonly ParticipantState[];
  /** Who watches with a player (WHEP): sends nothing, and is in no list of `participants`. */
  readonly viewers: readonly ViewerState[];
  /** Those in the same room as oneself, oneself included: whom one sees and hears. */
  readonly nearby: readonly ParticipantState[];
  /** Who speaks, by participant id; the loudest first where a media node tells it. */
  readonly activeSpeakers: readonly string[];
  readonly chat: readonly ChatMessage[];
  readonly policy: RoomPolicy;
  /** Participants whom everybody sees large, by id. */
  readonly spotlight: readonly string[];
  readonly polls: readonly PollState[];
  readonly notes: NotesState;
  readonly breakouts: BreakoutsState | null;
  /** While the main room is recorded. */
  readonly recording: RecordingState | null;
  /** Of recordings for which nobody chooses another one. */
  readonly recordingKind: RecordingKind;
  /** Why the latest recording is over; null: there was none, or one is being made. */
  readonly recordingEnd: "asked" | "ended" | "failed" | null;
  /** While the main room is streamed out. */
  readonly broadcast: BroadcastState | null;
  /** Why the latest broadcast is over; null: there was none, or one is on. */
  readonly broadcastEnd: "asked" | "ended" | "failed" | null;
  /** The streams that are brought in, or may be; empty for those who do not moderate. */
  readonly ingresses: readonly IngressState[];
  /** How the latest of them ended; null: none has since, or another one was opened. */
  readonly ingressEnd: {
    readonly name: string;
    readonly end: "asked" | "ended" | "failed" | "finished" | "removed";
    readonly reason: IngressFailure | null;
  } | null;
  /** When the meeting ends by itself, milliseconds since the epoch; null: it has no longest time. */
  readonly endsAt: number | null;
  readonly reactions: readonly Reaction[];
  /** Who waits to be let in; empty for those who do not moderate. */
  readonly lobby: readonly LobbyGuest[];
  /** Who may not come back; empty for those who do not moderate. */
  readonly banned: readonly { readonly identity: string; readonly name: string }[];
  /** What a moderator has said to the lobby, while one waits there oneself. */
  readonly lobbyMessage: string | null;
  /** Who asks oneself to unmute, until one does or declines. */
  readonly unmuteRequest: { readonly source: TrackSource; readonly by: string } | null;
  /** Null: the meeting is not encrypted from end to end, as far as we are concerned. */
  readonly encryption: RoomEncryptionState | null;
  readonly closeReason: CloseReason | null;
  /** How the others' sound comes (`Room.setSound`). */
  readonly sound: SoundState;
  /** The browser has refused to play sound without a gesture; call `Room.startAudio` from a click. */
  readonly audioBlocked: boolean;
}
