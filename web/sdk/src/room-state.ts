/** The room as a user interface sees it. Every object is immutable; what has not changed keeps its identity. */

export type TrackSource = "microphone" | "camera" | "screen" | "screen_audio";
export type Role = "host" | "participant" | "guest";

/**
 * `idle` before `connect`, `closed` after leaving, removal or the end. `reconnecting`: the signalling connection is lost and is
 * being resumed; media may go on meanwhile.
 */
export type RoomStatus = "idle" | "connecting" | "connected" | "reconnecting" | "closed";

export interface Permissions {
  readonly publish: readonly ("audio" | "video" | "screen")[];
  readonly subscribe: boolean;
  readonly chat: boolean;
  readonly moderate: boolean;
  readonly record: boolean;
}

export interface TrackState {
  readonly id: string;
  readonly participantId: string;
  readonly source: TrackSource;
  readonly kind: "audio" | "video";
  readonly muted: boolean;
  readonly isLocal: boolean;
  /** Null until media is attached (a remote track that has been announced, but not received yet). */
  readonly mediaTrack: MediaStreamTrack | null;
}

export interface ParticipantState {
  readonly id: string;
  readonly identity: string;
  readonly name: string;
  readonly role: Role;
  readonly isSelf: boolean;
  /** False while this participant's connection is lost and may still come back. */
  readonly connected: boolean;
  readonly permissions: Permissions;
  readonly joinedAt: number;
  readonly tracks: readonly TrackState[];
  readonly speaking: boolean;
}

export interface ChatMessage {
  readonly id: string;
  readonly participantId: string;
  readonly name: string;
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly isOwn: boolean;
}

/** Why a room is closed. `code` is stable; `message` is for people. */
export interface CloseReason {
  readonly code: "left" | "meeting_ended" | "participant_removed" | (string & {});
  readonly message: string;
}

/** State of the two media connections, as one word for an indicator. */
export type MediaStatus = "none" | "connecting" | "connected" | "interrupted";

export interface RoomState {
  readonly status: RoomStatus;
  readonly media: MediaStatus;
  readonly meetingId: string | null;
  readonly startedAt: number | null;
  readonly self: ParticipantState | null;
  /** Everyone in the room, oneself included, in the order of joining. */
  readonly participants: readonly ParticipantState[];
  readonly chat: readonly ChatMessage[];
  readonly closeReason: CloseReason | null;
  /** The browser has refused to play sound without a gesture; call `Room.startAudio` from a click. */
  readonly audioBlocked: boolean;
}
