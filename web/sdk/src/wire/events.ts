/**
 * What happens in a room, as the gateway tells of it. Generated from `contracts/client_messages.py` and its neighbours by
 * `web/scripts/wire_types.py`: change them there.
 */

import type {
  Breakouts,
  BroadcastEnd,
  BroadcastTargetInfo,
  ChatMessage,
  CompositeLayout,
  IngressEnd,
  IngressFailure,
  IngressInfo,
  IngressState,
  LeaveReason,
  LobbyGuest,
  Move,
  ParticipantInfo,
  PeerSignal,
  Permissions,
  PollInfo,
  RecordingEnd,
  RecordingKind,
  Role,
  RoomPolicy,
  TrackInfo,
  TrackSource,
} from "./room.js";

export interface BreakoutsChangedEvent {
  readonly type: "breakouts_changed";
  readonly version: number;
  readonly at: number;
  readonly breakouts: Breakouts;
  readonly by: string;
}

export interface BreakoutsClosedEvent {
  readonly type: "breakouts_closed";
  readonly version: number;
  readonly at: number;
  readonly by: string | null;
}

export interface BreakoutsOpenedEvent {
  readonly type: "breakouts_opened";
  readonly version: number;
  readonly at: number;
  readonly breakouts: Breakouts;
  readonly by: string;
}

export interface BroadcastChangedEvent {
  readonly type: "broadcast_changed";
  readonly version: number;
  readonly at: number;
  readonly broadcast_id: string;
  readonly targets: readonly BroadcastTargetInfo[];
}

export interface BroadcastStartedEvent {
  readonly type: "broadcast_started";
  readonly version: number;
  readonly at: number;
  readonly broadcast_id: string;
  readonly by: string;
  readonly layout: CompositeLayout;
  readonly watch_key: string | null;
}

export interface BroadcastStoppedEvent {
  readonly type: "broadcast_stopped";
  readonly version: number;
  readonly at: number;
  readonly broadcast_id: string;
  readonly reason: BroadcastEnd;
  readonly by: string | null;
}

export interface ChatEditedEvent {
  readonly type: "chat_edited";
  readonly version: number;
  readonly at: number;
  readonly message_id: string;
  readonly text: string;
}

export interface ChatRemovedEvent {
  readonly type: "chat_removed";
  readonly version: number;
  readonly at: number;
  readonly message_id: string;
  readonly by: string;
}

export interface ChatSentEvent {
  readonly type: "chat_sent";
  readonly version: number;
  readonly at: number;
  readonly message: ChatMessage;
}

export interface DataSentEvent {
  readonly type: "data_sent";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string | null;
  readonly topic: string;
  readonly data: string;
  readonly base64: boolean;
}

export interface HandLoweredEvent {
  readonly type: "hand_lowered";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly by: string;
}

export interface HandRaisedEvent {
  readonly type: "hand_raised";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
}

export interface IngressChangedEvent {
  readonly type: "ingress_changed";
  readonly version: number;
  readonly at: number;
  readonly ingress_id: string;
  readonly state: IngressState;
  readonly address: string | null;
  readonly participant_id: string | null;
  readonly reason: IngressFailure | null;
}

export interface IngressStartedEvent {
  readonly type: "ingress_started";
  readonly version: number;
  readonly at: number;
  readonly ingress: IngressInfo;
}

export interface IngressStoppedEvent {
  readonly type: "ingress_stopped";
  readonly version: number;
  readonly at: number;
  readonly ingress_id: string;
  readonly end: IngressEnd;
  readonly by: string | null;
  readonly reason: IngressFailure | null;
}

export interface LobbyJoinedEvent {
  readonly type: "lobby_joined";
  readonly version: number;
  readonly at: number;
  readonly guest: LobbyGuest;
}

export interface LobbyLeftEvent {
  readonly type: "lobby_left";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
}

export interface MeetingEndedEvent {
  readonly type: "meeting_ended";
  readonly version: number;
  readonly at: number;
  readonly by: string | null;
}

export interface NotesEditedEvent {
  readonly type: "notes_edited";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly edit_id: string;
  readonly change: readonly (number | string)[];
  readonly revision: number;
}

export interface ParticipantDisconnectedEvent {
  readonly type: "participant_disconnected";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
}

export interface ParticipantJoinedEvent {
  readonly type: "participant_joined";
  readonly version: number;
  readonly at: number;
  readonly participant: ParticipantInfo;
}

export interface ParticipantLeftEvent {
  readonly type: "participant_left";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly reason: LeaveReason;
  readonly by: string | null;
}

export interface ParticipantRenamedEvent {
  readonly type: "participant_renamed";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly name: string;
  readonly by: string;
}

export interface ParticipantResumedEvent {
  readonly type: "participant_resumed";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
}

export interface ParticipantsMovedEvent {
  readonly type: "participants_moved";
  readonly version: number;
  readonly at: number;
  readonly moves: readonly Move[];
  readonly by: string | null;
}

export interface PeerSignalledEvent {
  readonly type: "peer_signalled";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly signal: PeerSignal;
}

export interface PermissionsChangedEvent {
  readonly type: "permissions_changed";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly permissions: Permissions;
  readonly by: string;
}

export interface PersonUnbannedEvent {
  readonly type: "person_unbanned";
  readonly version: number;
  readonly at: number;
  readonly identity: string;
  readonly by: string;
}

export interface PolicyChangedEvent {
  readonly type: "policy_changed";
  readonly version: number;
  readonly at: number;
  readonly policy: RoomPolicy;
  readonly by: string;
}

export interface PollClosedEvent {
  readonly type: "poll_closed";
  readonly version: number;
  readonly at: number;
  readonly poll_id: string;
}

export interface PollCreatedEvent {
  readonly type: "poll_created";
  readonly version: number;
  readonly at: number;
  readonly poll: PollInfo;
}

export interface PollVotedEvent {
  readonly type: "poll_voted";
  readonly version: number;
  readonly at: number;
  readonly poll_id: string;
  readonly votes: readonly number[];
  readonly voters: number;
}

export interface ReactionSentEvent {
  readonly type: "reaction_sent";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly emoji: string;
}

export interface RecordingStartedEvent {
  readonly type: "recording_started";
  readonly version: number;
  readonly at: number;
  readonly recording_id: string;
  readonly by: string;
  readonly kind: RecordingKind;
  readonly layout: CompositeLayout;
}

export interface RecordingStoppedEvent {
  readonly type: "recording_stopped";
  readonly version: number;
  readonly at: number;
  readonly recording_id: string;
  readonly reason: RecordingEnd;
  readonly by: string | null;
}

export interface RoleChangedEvent {
  readonly type: "role_changed";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly role: Role;
  readonly permissions: Permissions;
  readonly by: string;
}

export interface RolePermissionsChangedEvent {
  readonly type: "role_permissions_changed";
  readonly version: number;
  readonly at: number;
  readonly role: Role;
  readonly permissions: Permissions;
  readonly by: string;
}

export interface SpotlightChangedEvent {
  readonly type: "spotlight_changed";
  readonly version: number;
  readonly at: number;
  readonly participant_ids: readonly string[];
  readonly by: string;
}

export interface TrackMutedEvent {
  readonly type: "track_muted";
  readonly version: number;
  readonly at: number;
  readonly track_id: string;
  readonly participant_id: string;
  readonly by: string;
}

export interface TrackPublishedEvent {
  readonly type: "track_published";
  readonly version: number;
  readonly at: number;
  readonly track: TrackInfo;
}

export interface TrackUnmutedEvent {
  readonly type: "track_unmuted";
  readonly version: number;
  readonly at: number;
  readonly track_id: string;
  readonly participant_id: string;
}

export interface TrackUnpublishedEvent {
  readonly type: "track_unpublished";
  readonly version: number;
  readonly at: number;
  readonly track_id: string;
  readonly participant_id: string;
  readonly by: string | null;
}

export interface UnmuteAskedEvent {
  readonly type: "unmute_asked";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly source: TrackSource;
  readonly by: string;
}
