/**
 * The messages between client and gateway. Generated from `contracts/client_messages.py` by
 * `web/scripts/wire_types.py`: change them there.
 */

export interface ChatAccepted {
  readonly message_id: string;
}

export interface ChatMessage {
  readonly id: string;
  readonly participant_id: string;
  readonly name: string;
  readonly text: string;
  readonly at: number;
}

export interface ChatSentEvent {
  readonly type: "chat_sent";
  readonly version: number;
  readonly at: number;
  readonly message: ChatMessage;
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

export type EndMeeting = Record<string, never>;

export interface ErrorBody {
  readonly code: string;
  readonly message: string;
}

export type LeaveMeeting = Record<string, never>;

export type LeaveReason = "connection_lost" | "left" | "meeting_ended" | "removed";

export interface MediaRestart {
  readonly reason: string;
}

export interface MeetingEndedEvent {
  readonly type: "meeting_ended";
  readonly version: number;
  readonly at: number;
  readonly by: string | null;
}

export interface MuteTrack {
  readonly track_id: string;
}

export interface OfferedTrack {
  readonly mid: string;
  readonly track_id: string;
  readonly participant_id: string;
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
}

export interface ParticipantResumedEvent {
  readonly type: "participant_resumed";
  readonly version: number;
  readonly at: number;
  readonly participant_id: string;
}

export interface Permissions {
  readonly publish: readonly PublishPermission[];
  readonly subscribe: boolean;
  readonly chat: boolean;
  readonly moderate: boolean;
  readonly record: boolean;
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

export interface RemoveParticipant {
  readonly participant_id: string;
}

export type RestartMedia = Record<string, never>;

export interface Resume {
  readonly participant_id: string;
  readonly secret: string;
  readonly version: number;
}

export type Role = "guest" | "host" | "participant";

export interface RoomEvents {
  readonly after: number;
  readonly version: number;
  readonly events: readonly (ParticipantJoinedEvent | ParticipantDisconnectedEvent | ParticipantResumedEvent | ParticipantLeftEvent | TrackPublishedEvent | TrackUnpublishedEvent | TrackMutedEvent | TrackUnmutedEvent | ChatSentEvent | MeetingEndedEvent)[];
}

export interface RoomSnapshot {
  readonly meeting_id: string;
  readonly started_at: number;
  readonly participants: readonly ParticipantInfo[];
  readonly tracks: readonly TrackInfo[];
  readonly chat: readonly ChatMessage[];
}

export interface SendChat {
  readonly text: string;
}

export type StartRecording = Record<string, never>;

export type StopRecording = Record<string, never>;

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
}

export interface UnmuteTrack {
  readonly track_id: string;
}

export interface UpdateSubscriptions {
  readonly tracks: readonly SubscriptionWish[];
}

export interface Welcome {
  readonly participant_id: string;
  readonly resume_secret: string;
  readonly grace_ms: number;
  readonly version: number;
  readonly resumed: boolean;
  readonly room: RoomSnapshot;
}

export interface Commands {
  readonly publish_offer: { readonly command: PublishOffer; readonly answer: PublishAnswer };
  readonly subscriber_answer: { readonly command: SubscriberAnswer; readonly answer: Record<string, never> };
  readonly update_subscriptions: { readonly command: UpdateSubscriptions; readonly answer: Record<string, never> };
  readonly restart_media: { readonly command: RestartMedia; readonly answer: Record<string, never> };
  readonly mute_track: { readonly command: MuteTrack; readonly answer: Record<string, never> };
  readonly unmute_track: { readonly command: UnmuteTrack; readonly answer: Record<string, never> };
  readonly send_chat: { readonly command: SendChat; readonly answer: ChatAccepted };
  readonly remove_participant: { readonly command: RemoveParticipant; readonly answer: Record<string, never> };
  readonly start_recording: { readonly command: StartRecording; readonly answer: Record<string, never> };
  readonly stop_recording: { readonly command: StopRecording; readonly answer: Record<string, never> };
  readonly leave_meeting: { readonly command: LeaveMeeting; readonly answer: Record<string, never> };
  readonly end_meeting: { readonly command: EndMeeting; readonly answer: Record<string, never> };
}

export interface ServerMessages {
  readonly welcome: Welcome;
  readonly events: RoomEvents;
  readonly subscriber_offer: SubscriberOffer;
  readonly media_restart: MediaRestart;
  readonly closing: Closing;
}
