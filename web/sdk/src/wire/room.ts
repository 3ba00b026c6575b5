/**
 * What is in a room: the words of both directions between client and gateway. Generated from `contracts/client_messages.py` and its neighbours by
 * `web/scripts/wire_types.py`: change them there.
 */

export interface Breakout {
  readonly id: string;
  readonly name: string;
}

export interface Breakouts {
  readonly rooms: readonly Breakout[];
  readonly free_choice: boolean;
  readonly ends_at: number | null;
}

export type BroadcastEnd = "asked" | "ended" | "failed";

export type BroadcastState = "connecting" | "failed" | "live";

export interface BroadcastTargetInfo {
  readonly id: string;
  readonly host: string;
  readonly state: BroadcastState;
  readonly reason: TargetFailure | null;
}

export interface ChatMessage {
  readonly id: string;
  readonly participant_id: string;
  readonly name: string;
  readonly text: string;
  readonly at: number;
  readonly to: string | null;
  readonly to_name: string | null;
  readonly edited_at: number | null;
  readonly breakout: Breakout | null;
}

export type CompositeLayout = "grid" | "speaker";

export interface IceServer {
  readonly urls: readonly string[];
  readonly username: string;
  readonly credential: string;
}

export type IngressEnd = "asked" | "ended" | "failed" | "finished" | "removed";

export type IngressFailure = "absent" | "address" | "closed" | "garbled" | "lost" | "not_let_in" | "nothing_to_play" | "private" | "refused" | "silent" | "too_large" | "unavailable" | "untrusted";

export interface IngressInfo {
  readonly id: string;
  readonly kind: IngressKind;
  readonly name: string;
  readonly screen: boolean;
  readonly by: string;
  readonly started_at: number;
  readonly state: IngressState;
  readonly address: string | null;
  readonly participant_id: string | null;
  readonly reason: IngressFailure | null;
}

export type IngressKind = "rtmp" | "url";

export type IngressState = "connecting" | "ended" | "failed" | "live" | "waiting";

export type LeaveReason = "access_lost" | "connection_lost" | "left" | "meeting_ended" | "removed" | "replaced";

export interface LobbyGuest {
  readonly id: string;
  readonly identity: string;
  readonly name: string;
  readonly since: number;
}

export interface Move {
  readonly participant_id: string;
  readonly breakout: string | null;
  readonly assigned_breakout: string | null;
}

export interface ParticipantInfo {
  readonly id: string;
  readonly identity: string;
  readonly name: string;
  readonly role: Role;
  readonly permissions: Permissions;
  readonly joined_at: number;
  readonly connected: boolean;
  readonly hand_raised: number | null;
  readonly breakout: string | null;
  readonly assigned_breakout: string | null;
  readonly kind: ParticipantKind;
}

export type ParticipantKind = "person" | "stream" | "viewer";

export interface PeerSignal {
  readonly session: string;
  readonly kind: PeerSignalKind;
  readonly sdp: string;
}

export type PeerSignalKind = "answer" | "offer";

export interface Permissions {
  readonly publish: readonly PublishPermission[];
  readonly subscribe: boolean;
  readonly chat: boolean;
  readonly moderate: boolean;
  readonly record: boolean;
  readonly notes: boolean;
}

export interface PollInfo {
  readonly id: string;
  readonly participant_id: string;
  readonly question: string;
  readonly options: readonly string[];
  readonly multiple: boolean;
  readonly votes: readonly number[];
  readonly voters: number;
  readonly closed: boolean;
  readonly prepared_id: string | null;
}

export type PublishPermission = "audio" | "screen" | "video";

export type RecordingEnd = "asked" | "ended" | "failed";

export type RecordingKind = "audio" | "both" | "composite" | "tracks";

export type Role = "cohost" | "guest" | "host" | "participant";

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

export type SoundForm = "mixed" | "separate";

export type TargetFailure = "absent" | "address" | "closed" | "garbled" | "private" | "refused" | "slow" | "unknown_name" | "untrusted";

export interface TrackInfo {
  readonly id: string;
  readonly participant_id: string;
  readonly source: TrackSource;
  readonly kind: TrackKind;
  readonly muted: boolean;
}

export type TrackKind = "audio" | "video";

export type TrackSource = "camera" | "microphone" | "screen" | "screen_audio";
