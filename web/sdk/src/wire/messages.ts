/**
 * What the gateway sends by itself. Generated from `contracts/client_messages.py` and its neighbours by
 * `web/scripts/wire_types.py`: change them there.
 */

import type {
  Breakouts,
  BroadcastTargetInfo,
  ChatMessage,
  CompositeLayout,
  IceServer,
  IngressInfo,
  LobbyGuest,
  ParticipantInfo,
  Permissions,
  PollInfo,
  RecordingKind,
  Role,
  RoomPolicy,
  SoundForm,
  TrackInfo,
} from "./room.js";
import type {
  BreakoutsChangedEvent,
  BreakoutsClosedEvent,
  BreakoutsOpenedEvent,
  BroadcastChangedEvent,
  BroadcastStartedEvent,
  BroadcastStoppedEvent,
  ChatEditedEvent,
  ChatRemovedEvent,
  ChatSentEvent,
  DataSentEvent,
  HandLoweredEvent,
  HandRaisedEvent,
  IngressChangedEvent,
  IngressStartedEvent,
  IngressStoppedEvent,
  LobbyJoinedEvent,
  LobbyLeftEvent,
  MeetingEndedEvent,
  NotesEditedEvent,
  ParticipantDisconnectedEvent,
  ParticipantJoinedEvent,
  ParticipantLeftEvent,
  ParticipantRenamedEvent,
  ParticipantResumedEvent,
  ParticipantsMovedEvent,
  PeerSignalledEvent,
  PermissionsChangedEvent,
  PersonUnbannedEvent,
  PolicyChangedEvent,
  PollClosedEvent,
  PollCreatedEvent,
  PollVotedEvent,
  ReactionSentEvent,
  RecordingStartedEvent,
  RecordingStoppedEvent,
  RoleChangedEvent,
  RolePermissionsChangedEvent,
  SpotlightChangedEvent,
  TrackMutedEvent,
  TrackPublishedEvent,
  TrackUnmutedEvent,
  TrackUnpublishedEvent,
  UnmuteAskedEvent,
} from "./events.js";

export interface ActiveSpeakers {
  readonly speakers: readonly string[];
}

export interface BannedPerson {
  readonly identity: string;
  readonly name: string;
}

export interface BroadcastInfo {
  readonly id: string;
  readonly started_at: number;
  readonly by: string;
  readonly layout: CompositeLayout;
  readonly watch_key: string | null;
  readonly targets: readonly BroadcastTargetInfo[];
}

export interface CamerasShown {
  readonly track_ids: readonly string[] | null;
}

export interface ChatSync {
  readonly chat: readonly ChatMessage[];
}

export interface Closing {
  readonly code: string;
  readonly message: string;
  readonly retry: boolean;
}

export interface ConnectionQualities {
  readonly participants: readonly ConnectionQuality[];
}

export interface ConnectionQuality {
  readonly participant_id: string;
  readonly level: QualityLevel;
  readonly score: number;
}

export interface LayersWanted {
  readonly track_id: string;
  readonly layers: number;
}

export interface LobbyMessage {
  readonly text: string;
  readonly name: string;
  readonly at: number;
}

export interface MediaRestart {
  readonly reason: string;
  readonly overlap: boolean;
}

export interface NotesSnapshot {
  readonly text: string;
  readonly revision: number;
  readonly my_edit: string | null;
}

export interface OfferedTrack {
  readonly mid: string;
  readonly track_id: string;
  readonly participant_id: string;
}

export interface OwnVote {
  readonly poll_id: string;
  readonly options: readonly number[];
}

export type QualityLevel = "excellent" | "good" | "lost" | "poor";

export interface Reconnect {
  readonly within_ms: number;
}

export interface RecordingInfo {
  readonly id: string;
  readonly started_at: number;
  readonly by: string;
  readonly kind: RecordingKind;
  readonly layout: CompositeLayout;
}

export interface RolePermissions {
  readonly role: Role;
  readonly permissions: Permissions;
}

export interface RoomEvents {
  readonly after: number;
  readonly version: number;
  readonly events: readonly (ParticipantJoinedEvent | ParticipantDisconnectedEvent | ParticipantResumedEvent | ParticipantLeftEvent | TrackPublishedEvent | TrackUnpublishedEvent | TrackMutedEvent | TrackUnmutedEvent | UnmuteAskedEvent | HandRaisedEvent | HandLoweredEvent | ReactionSentEvent | ChatSentEvent | ChatEditedEvent | ChatRemovedEvent | DataSentEvent | ParticipantRenamedEvent | RoleChangedEvent | PermissionsChangedEvent | RolePermissionsChangedEvent | PolicyChangedEvent | SpotlightChangedEvent | LobbyJoinedEvent | LobbyLeftEvent | PersonUnbannedEvent | PollCreatedEvent | PollVotedEvent | PollClosedEvent | NotesEditedEvent | BreakoutsOpenedEvent | BreakoutsChangedEvent | BreakoutsClosedEvent | ParticipantsMovedEvent | PeerSignalledEvent | RecordingStartedEvent | RecordingStoppedEvent | BroadcastStartedEvent | BroadcastChangedEvent | BroadcastStoppedEvent | IngressStartedEvent | IngressChangedEvent | IngressStoppedEvent | MeetingEndedEvent)[];
}

export interface RoomSnapshot {
  readonly meeting_id: string;
  readonly started_at: number;
  readonly participants: readonly ParticipantInfo[];
  readonly tracks: readonly TrackInfo[];
  readonly chat: readonly ChatMessage[];
  readonly policy: RoomPolicy;
  readonly role_permissions: readonly RolePermissions[];
  readonly spotlight: readonly string[];
  readonly polls: readonly PollInfo[];
  readonly my_votes: readonly OwnVote[];
  readonly notes: NotesSnapshot;
  readonly breakouts: Breakouts | null;
  readonly lobby: readonly LobbyGuest[];
  readonly banned: readonly BannedPerson[];
  readonly recording: RecordingInfo | null;
  readonly recording_kind: RecordingKind;
  readonly broadcast: BroadcastInfo | null;
  readonly ingresses: readonly IngressInfo[];
  readonly ends_at: number | null;
  readonly mute_on_entry: boolean;
}

export interface RoomSync {
  readonly version: number;
  readonly room: RoomSnapshot;
}

export type SeparateReason = "encrypted" | "no_mixer";

export interface SoundChanged {
  readonly form: SoundForm;
  readonly reason: SeparateReason | null;
}

export type StarvedReason = "encrypted" | "no_transcoder" | "path";

export interface SubscriberOffer {
  readonly generation: number;
  readonly negotiation: number;
  readonly sdp: string;
  readonly tracks: readonly OfferedTrack[];
}

export interface TrackStarved {
  readonly track_id: string;
  readonly starved: boolean;
  readonly reason: StarvedReason;
}

export interface Waiting {
  readonly participant_id: string;
  readonly since: number;
}

export interface Welcome {
  readonly participant_id: string;
  readonly resume_secret: string;
  readonly grace_ms: number;
  readonly version: number;
  readonly resumed: boolean;
  readonly room: RoomSnapshot;
  readonly ice_servers: readonly IceServer[];
  readonly missed: readonly (ParticipantJoinedEvent | ParticipantDisconnectedEvent | ParticipantResumedEvent | ParticipantLeftEvent | TrackPublishedEvent | TrackUnpublishedEvent | TrackMutedEvent | TrackUnmutedEvent | UnmuteAskedEvent | HandRaisedEvent | HandLoweredEvent | ReactionSentEvent | ChatSentEvent | ChatEditedEvent | ChatRemovedEvent | DataSentEvent | ParticipantRenamedEvent | RoleChangedEvent | PermissionsChangedEvent | RolePermissionsChangedEvent | PolicyChangedEvent | SpotlightChangedEvent | LobbyJoinedEvent | LobbyLeftEvent | PersonUnbannedEvent | PollCreatedEvent | PollVotedEvent | PollClosedEvent | NotesEditedEvent | BreakoutsOpenedEvent | BreakoutsChangedEvent | BreakoutsClosedEvent | ParticipantsMovedEvent | PeerSignalledEvent | RecordingStartedEvent | RecordingStoppedEvent | BroadcastStartedEvent | BroadcastChangedEvent | BroadcastStoppedEvent | IngressStartedEvent | IngressChangedEvent | IngressStoppedEvent | MeetingEndedEvent)[] | null;
  readonly traced: boolean;
}

export interface ServerMessages {
  readonly welcome: Welcome;
  readonly waiting: Waiting;
  readonly lobby_message: LobbyMessage;
  readonly room: RoomSync;
  readonly chat: ChatSync;
  readonly events: RoomEvents;
  readonly subscriber_offer: SubscriberOffer;
  readonly track_starved: TrackStarved;
  readonly cameras_shown: CamerasShown;
  readonly sound_changed: SoundChanged;
  readonly connection_quality: ConnectionQualities;
  readonly active_speakers: ActiveSpeakers;
  readonly layers_wanted: LayersWanted;
  readonly media_restart: MediaRestart;
  readonly reconnect: Reconnect;
  readonly closing: Closing;
}
