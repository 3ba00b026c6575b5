/**
 * The messages between client and gateway. Generated from `contracts/client_messages.py` and its
 * neighbours by `web/scripts/wire_types.py`: change them there.
 */

export interface ActiveSpeakers {
  readonly speakers: readonly string[];
}

export interface Admit {
  readonly participant_ids?: readonly string[] | null;
}

export interface AskToUnmute {
  readonly participant_id: string;
  readonly source?: TrackSource;
}

export interface BannedPerson {
  readonly identity: string;
  readonly name: string;
}

export interface Breakout {
  readonly id: string;
  readonly name: string;
}

export interface Breakouts {
  readonly rooms: readonly Breakout[];
  readonly free_choice: boolean;
  readonly ends_at: number | null;
}

export interface BreakoutsAnswer {
  readonly breakout_ids: readonly string[];
}

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

export interface CamerasShown {
  readonly track_ids: readonly string[] | null;
}

export interface ChangeBreakouts {
  readonly free_choice?: boolean | null;
  readonly close_after_s?: number | null;
}

export interface ChatAccepted {
  readonly message_id: string;
}

export interface ChatEditedEvent {
  readonly type: "chat_edited";
  readonly version: number;
  readonly at: number;
  readonly message_id: string;
  readonly text: string;
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

export interface ChatSync {
  readonly chat: readonly ChatMessage[];
}

export type CloseBreakouts = Record<string, never>;

export interface ClosePoll {
  readonly poll_id: string;
}

export interface Closing {
  readonly code: string;
  readonly message: string;
  readonly retry: boolean;
}

export interface ConnectAuth {
  readonly token: string;
  readonly meeting_id: string;
  readonly resume?: Resume | null;
}

export interface ConnectionQualities {
  readonly participants: readonly ConnectionQuality[];
}

export interface ConnectionQuality {
  readonly participant_id: string;
  readonly level: QualityLevel;
  readonly score: number;
}

export interface CreatePoll {
  readonly question: string;
  readonly options: readonly string[];
  readonly multiple?: boolean;
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

export interface EditChat {
  readonly message_id: string;
  readonly text: string;
}

export interface EditNotes {
  readonly edit_id: string;
  readonly revision: number;
  readonly change: readonly (number | string)[];
}

export type EndMeeting = Record<string, never>;

export interface EnterBreakout {
  readonly breakout_id: string | null;
}

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
}

export type GetIceServers = Record<string, never>;

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

export interface IceServer {
  readonly urls: readonly string[];
  readonly username: string;
  readonly credential: string;
}

export interface IceServersAnswer {
  readonly ice_servers: readonly IceServer[];
}

export interface LayersWanted {
  readonly track_id: string;
  readonly layers: number;
}

export type LeaveMeeting = Record<string, never>;

export type LeaveReason = "access_lost" | "connection_lost" | "left" | "meeting_ended" | "removed" | "replaced";

export interface LobbyGuest {
  readonly id: string;
  readonly identity: string;
  readonly name: string;
  readonly since: number;
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

export interface LobbyMessage {
  readonly text: string;
  readonly name: string;
  readonly at: number;
}

export type LowerAllHands = Record<string, never>;

export interface LowerHand {
  readonly participant_id?: string | null;
}

export type MediaMoved = Record<string, never>;

export interface MediaRestart {
  readonly reason: string;
  readonly overlap: boolean;
}

export interface MeetingEndedEvent {
  readonly type: "meeting_ended";
  readonly version: number;
  readonly at: number;
  readonly by: string | null;
}

export interface Move {
  readonly participant_id: string;
  readonly breakout: string | null;
  readonly assigned_breakout: string | null;
}

export interface MoveToBreakout {
  readonly participant_ids: readonly string[];
  readonly breakout_id: string | null;
}

export interface MuteAll {
  readonly source?: TrackSource;
}

export interface MuteTrack {
  readonly track_id: string;
}

export interface NewBreakout {
  readonly name: string;
  readonly participant_ids?: readonly string[];
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

export interface OpenBreakouts {
  readonly rooms: readonly NewBreakout[];
  readonly free_choice?: boolean;
  readonly close_after_s?: number | null;
}

export interface OwnVote {
  readonly poll_id: string;
  readonly options: readonly number[];
}

export interface ParticipantDisconnectedEvent {
  readonly type: "participant_disconnected";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
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

export interface ParticipantJoinedEvent {
  readonly type: "participant_joined";
  readonly version: number;
  readonly at: number;
  readonly participant: ParticipantInfo;
}

export type ParticipantKind = "person" | "stream" | "viewer";

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

export interface PeerSignal {
  readonly session: string;
  readonly kind: PeerSignalKind;
  readonly sdp: string;
}

export type PeerSignalKind = "answer" | "offer";

export interface PeerSignalledEvent {
  readonly type: "peer_signalled";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly signal: PeerSignal;
}

export interface Permissions {
  readonly publish: readonly PublishPermission[];
  readonly subscribe: boolean;
  readonly chat: boolean;
  readonly moderate: boolean;
  readonly record: boolean;
  readonly notes: boolean;
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

export interface PollCreated {
  readonly poll_id: string;
}

export interface PollCreatedEvent {
  readonly type: "poll_created";
  readonly version: number;
  readonly at: number;
  readonly poll: PollInfo;
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
}

export interface PollVotedEvent {
  readonly type: "poll_voted";
  readonly version: number;
  readonly at: number;
  readonly poll_id: string;
  readonly votes: readonly number[];
  readonly voters: number;
}

export interface PublishAnswer {
  readonly sdp: string;
  readonly tracks: readonly TrackAssigned[];
}

export interface PublishOffer {
  readonly sdp: string;
  readonly tracks: readonly PublishedTrack[];
}

export type PublishPermission = "audio" | "screen" | "video";

export interface PublishedTrack {
  readonly mid: string;
  readonly source: TrackSource;
  readonly muted?: boolean;
}

export type QualityLevel = "excellent" | "good" | "lost" | "poor";

export type RaiseHand = Record<string, never>;

export interface ReactionSentEvent {
  readonly type: "reaction_sent";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly emoji: string;
}

export interface Reconnect {
  readonly within_ms: number;
}

export interface RecordingAnswer {
  readonly recording_id: string;
}

export type RecordingEnd = "asked" | "ended" | "failed";

export interface RecordingInfo {
  readonly id: string;
  readonly started_at: number;
  readonly by: string;
}

export interface RecordingStartedEvent {
  readonly type: "recording_started";
  readonly version: number;
  readonly at: number;
  readonly recording_id: string;
  readonly by: string;
}

export interface RecordingStoppedEvent {
  readonly type: "recording_stopped";
  readonly version: number;
  readonly at: number;
  readonly recording_id: string;
  readonly reason: RecordingEnd;
  readonly by: string | null;
}

export interface RefuseEntry {
  readonly participant_id: string;
}

export interface RemoveChat {
  readonly message_id: string;
}

export interface RemoveParticipant {
  readonly participant_id: string;
  readonly ban?: boolean;
}

export interface Rename {
  readonly name: string;
  readonly participant_id?: string | null;
}

export type RestartMedia = Record<string, never>;

export interface Resume {
  readonly participant_id: string;
  readonly secret: string;
  readonly version: number;
}

export type Role = "cohost" | "guest" | "host" | "participant";

export interface RoleChangedEvent {
  readonly type: "role_changed";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly role: Role;
  readonly permissions: Permissions;
  readonly by: string;
}

export interface RolePermissions {
  readonly role: Role;
  readonly permissions: Permissions;
}

export interface RolePermissionsChangedEvent {
  readonly type: "role_permissions_changed";
  readonly version: number;
  readonly at: number;
  readonly role: Role;
  readonly permissions: Permissions;
  readonly by: string;
}

export interface RoomEvents {
  readonly after: number;
  readonly version: number;
  readonly events: readonly (ParticipantJoinedEvent | ParticipantDisconnectedEvent | ParticipantResumedEvent | ParticipantLeftEvent | TrackPublishedEvent | TrackUnpublishedEvent | TrackMutedEvent | TrackUnmutedEvent | UnmuteAskedEvent | HandRaisedEvent | HandLoweredEvent | ReactionSentEvent | ChatSentEvent | ChatEditedEvent | ChatRemovedEvent | DataSentEvent | ParticipantRenamedEvent | RoleChangedEvent | PermissionsChangedEvent | RolePermissionsChangedEvent | PolicyChangedEvent | SpotlightChangedEvent | LobbyJoinedEvent | LobbyLeftEvent | PersonUnbannedEvent | PollCreatedEvent | PollVotedEvent | PollClosedEvent | NotesEditedEvent | BreakoutsOpenedEvent | BreakoutsChangedEvent | BreakoutsClosedEvent | ParticipantsMovedEvent | PeerSignalledEvent | RecordingStartedEvent | RecordingStoppedEvent | MeetingEndedEvent)[];
}

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
  readonly ends_at: number | null;
  readonly mute_on_entry: boolean;
}

export interface RoomSync {
  readonly version: number;
  readonly room: RoomSnapshot;
}

export interface SendChat {
  readonly text: string;
  readonly to?: string | null;
}

export interface SendData {
  readonly topic: string;
  readonly data: string;
  readonly base64?: boolean;
  readonly to?: readonly string[] | null;
}

export interface SendLobbyMessage {
  readonly text: string;
  readonly participant_id?: string | null;
}

export interface SendReaction {
  readonly emoji: string;
}

export interface SetPermissions {
  readonly participant_id: string;
  readonly permissions: Permissions;
}

export interface SetPolicy {
  readonly locked?: boolean | null;
  readonly lobby?: boolean | null;
  readonly unmute?: boolean | null;
  readonly rename?: boolean | null;
  readonly private_chat?: boolean | null;
  readonly notes?: boolean | null;
  readonly direct?: boolean | null;
  readonly e2ee?: boolean | null;
}

export interface SetRole {
  readonly participant_id: string;
  readonly role: Role;
}

export interface SetRolePermissions {
  readonly role: Role;
  readonly permissions: Permissions;
}

export interface SetSpotlight {
  readonly participant_ids: readonly string[];
}

export interface SignalPeer {
  readonly to: string;
  readonly session: string;
  readonly kind: PeerSignalKind;
  readonly sdp: string;
}

export interface SpotlightChangedEvent {
  readonly type: "spotlight_changed";
  readonly version: number;
  readonly at: number;
  readonly participant_ids: readonly string[];
  readonly by: string;
}

export type StartRecording = Record<string, never>;

export type StopRecording = Record<string, never>;

export interface StopTrack {
  readonly track_id: string;
}

export interface SubscriberAnswer {
  readonly generation: number;
  readonly negotiation: number;
  readonly sdp: string;
}

export interface SubscriberOffer {
  readonly generation: number;
  readonly negotiation: number;
  readonly sdp: string;
  readonly tracks: readonly OfferedTrack[];
}

export interface SubscriptionWish {
  readonly track_id: string;
  readonly enabled?: boolean;
  readonly max_height?: number | null;
  readonly max_frame_rate?: number | null;
  readonly pinned?: boolean;
}

export interface TrackAssigned {
  readonly mid: string;
  readonly track_id: string;
}

export interface TrackInfo {
  readonly id: string;
  readonly participant_id: string;
  readonly source: TrackSource;
  readonly kind: TrackKind;
  readonly muted: boolean;
}

export type TrackKind = "audio" | "video";

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

export type TrackSource = "camera" | "microphone" | "screen" | "screen_audio";

export interface TrackStarved {
  readonly track_id: string;
  readonly starved: boolean;
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

export interface Unban {
  readonly identity: string;
}

export interface UnmuteAskedEvent {
  readonly type: "unmute_asked";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
  readonly source: TrackSource;
  readonly by: string;
}

export interface UnmuteTrack {
  readonly track_id: string;
}

export interface UpdateSubscriptions {
  readonly tracks: readonly SubscriptionWish[];
  readonly max_cameras?: number | null;
}

export interface Vote {
  readonly poll_id: string;
  readonly options: readonly number[];
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
  readonly missed: readonly (ParticipantJoinedEvent | ParticipantDisconnectedEvent | ParticipantResumedEvent | ParticipantLeftEvent | TrackPublishedEvent | TrackUnpublishedEvent | TrackMutedEvent | TrackUnmutedEvent | UnmuteAskedEvent | HandRaisedEvent | HandLoweredEvent | ReactionSentEvent | ChatSentEvent | ChatEditedEvent | ChatRemovedEvent | DataSentEvent | ParticipantRenamedEvent | RoleChangedEvent | PermissionsChangedEvent | RolePermissionsChangedEvent | PolicyChangedEvent | SpotlightChangedEvent | LobbyJoinedEvent | LobbyLeftEvent | PersonUnbannedEvent | PollCreatedEvent | PollVotedEvent | PollClosedEvent | NotesEditedEvent | BreakoutsOpenedEvent | BreakoutsChangedEvent | BreakoutsClosedEvent | ParticipantsMovedEvent | PeerSignalledEvent | RecordingStartedEvent | RecordingStoppedEvent | MeetingEndedEvent)[] | null;
}

export interface Commands {
  readonly publish_offer: { readonly command: PublishOffer; readonly answer: PublishAnswer };
  readonly subscriber_answer: { readonly command: SubscriberAnswer; readonly answer: Record<string, never> };
  readonly update_subscriptions: { readonly command: UpdateSubscriptions; readonly answer: Record<string, never> };
  readonly restart_media: { readonly command: RestartMedia; readonly answer: Record<string, never> };
  readonly get_ice_servers: { readonly command: GetIceServers; readonly answer: IceServersAnswer };
  readonly media_moved: { readonly command: MediaMoved; readonly answer: Record<string, never> };
  readonly mute_track: { readonly command: MuteTrack; readonly answer: Record<string, never> };
  readonly unmute_track: { readonly command: UnmuteTrack; readonly answer: Record<string, never> };
  readonly stop_track: { readonly command: StopTrack; readonly answer: Record<string, never> };
  readonly mute_all: { readonly command: MuteAll; readonly answer: Record<string, never> };
  readonly ask_to_unmute: { readonly command: AskToUnmute; readonly answer: Record<string, never> };
  readonly raise_hand: { readonly command: RaiseHand; readonly answer: Record<string, never> };
  readonly lower_hand: { readonly command: LowerHand; readonly answer: Record<string, never> };
  readonly lower_all_hands: { readonly command: LowerAllHands; readonly answer: Record<string, never> };
  readonly send_reaction: { readonly command: SendReaction; readonly answer: Record<string, never> };
  readonly send_chat: { readonly command: SendChat; readonly answer: ChatAccepted };
  readonly edit_chat: { readonly command: EditChat; readonly answer: Record<string, never> };
  readonly remove_chat: { readonly command: RemoveChat; readonly answer: Record<string, never> };
  readonly send_data: { readonly command: SendData; readonly answer: Record<string, never> };
  readonly rename: { readonly command: Rename; readonly answer: Record<string, never> };
  readonly admit: { readonly command: Admit; readonly answer: Record<string, never> };
  readonly refuse_entry: { readonly command: RefuseEntry; readonly answer: Record<string, never> };
  readonly send_lobby_message: { readonly command: SendLobbyMessage; readonly answer: Record<string, never> };
  readonly remove_participant: { readonly command: RemoveParticipant; readonly answer: Record<string, never> };
  readonly unban: { readonly command: Unban; readonly answer: Record<string, never> };
  readonly set_policy: { readonly command: SetPolicy; readonly answer: Record<string, never> };
  readonly set_role: { readonly command: SetRole; readonly answer: Record<string, never> };
  readonly set_permissions: { readonly command: SetPermissions; readonly answer: Record<string, never> };
  readonly set_role_permissions: { readonly command: SetRolePermissions; readonly answer: Record<string, never> };
  readonly set_spotlight: { readonly command: SetSpotlight; readonly answer: Record<string, never> };
  readonly create_poll: { readonly command: CreatePoll; readonly answer: PollCreated };
  readonly vote: { readonly command: Vote; readonly answer: Record<string, never> };
  readonly close_poll: { readonly command: ClosePoll; readonly answer: Record<string, never> };
  readonly edit_notes: { readonly command: EditNotes; readonly answer: Record<string, never> };
  readonly open_breakouts: { readonly command: OpenBreakouts; readonly answer: BreakoutsAnswer };
  readonly change_breakouts: { readonly command: ChangeBreakouts; readonly answer: Record<string, never> };
  readonly close_breakouts: { readonly command: CloseBreakouts; readonly answer: Record<string, never> };
  readonly move_to_breakout: { readonly command: MoveToBreakout; readonly answer: Record<string, never> };
  readonly enter_breakout: { readonly command: EnterBreakout; readonly answer: Record<string, never> };
  readonly signal_peer: { readonly command: SignalPeer; readonly answer: Record<string, never> };
  readonly start_recording: { readonly command: StartRecording; readonly answer: RecordingAnswer };
  readonly stop_recording: { readonly command: StopRecording; readonly answer: Record<string, never> };
  readonly leave_meeting: { readonly command: LeaveMeeting; readonly answer: Record<string, never> };
  readonly end_meeting: { readonly command: EndMeeting; readonly answer: Record<string, never> };
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
  readonly connection_quality: ConnectionQualities;
  readonly active_speakers: ActiveSpeakers;
  readonly layers_wanted: LayersWanted;
  readonly media_restart: MediaRestart;
  readonly reconnect: Reconnect;
  readonly closing: Closing;
}
