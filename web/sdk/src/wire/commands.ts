/**
 * What a client asks of the gateway, and how that is answered. Generated from `contracts/client_messages.py` and its neighbours by
 * `web/scripts/wire_types.py`: change them there.
 */

import type {
  CompositeLayout,
  IceServer,
  IngressKind,
  PeerSignalKind,
  Permissions,
  RecordingKind,
  Role,
  SoundForm,
  TrackSource,
} from "./room.js";

export interface Admit {
  readonly participant_ids?: readonly string[] | null;
}

export interface AskToUnmute {
  readonly participant_id: string;
  readonly source?: TrackSource;
}

export interface BreakoutsAnswer {
  readonly breakout_ids: readonly string[];
}

export interface BroadcastAnswer {
  readonly broadcast_id: string;
  readonly watch_key: string | null;
}

export interface ChangeBreakouts {
  readonly free_choice?: boolean | null;
  readonly close_after_s?: number | null;
}

export interface ChatAccepted {
  readonly message_id: string;
}

export type CloseBreakouts = Record<string, never>;

export interface ClosePoll {
  readonly poll_id: string;
}

export interface ConnectAuth {
  readonly token: string;
  readonly meeting_id: string;
  readonly resume?: Resume | null;
}

export interface CreatePoll {
  readonly question: string;
  readonly options: readonly string[];
  readonly multiple?: boolean;
  readonly prepared_id?: string | null;
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

export interface IceServersAnswer {
  readonly ice_servers: readonly IceServer[];
}

export interface IngressAnswer {
  readonly ingress_id: string;
  readonly address: string | null;
  readonly stream_key: string | null;
}

export interface JoinPhase {
  readonly step: JoinStep;
  readonly began_ms: number;
  readonly ended_ms: number;
}

export type JoinStep = "connect" | "media" | "ticket" | "welcome";

export type LeaveMeeting = Record<string, never>;

export type LowerAllHands = Record<string, never>;

export interface LowerHand {
  readonly participant_id?: string | null;
}

export type MediaMoved = Record<string, never>;

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
  readonly identities?: readonly string[];
}

export interface OpenBreakouts {
  readonly rooms: readonly NewBreakout[];
  readonly free_choice?: boolean;
  readonly close_after_s?: number | null;
}

export interface PollCreated {
  readonly poll_id: string;
}

export interface PublishAnswer {
  readonly sdp: string;
  readonly tracks: readonly TrackAssigned[];
}

export interface PublishOffer {
  readonly sdp: string;
  readonly tracks: readonly PublishedTrack[];
}

export interface PublishedTrack {
  readonly mid: string;
  readonly source: TrackSource;
  readonly muted?: boolean;
}

export type RaiseHand = Record<string, never>;

export interface RecordingAnswer {
  readonly recording_id: string;
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

export interface ReportJoin {
  readonly span_id: string;
  readonly phases: readonly JoinPhase[];
}

export type RestartMedia = Record<string, never>;

export interface Resume {
  readonly participant_id: string;
  readonly secret: string;
  readonly version: number;
}

export interface RtmpTarget {
  readonly url: string;
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

export interface SetSound {
  readonly form: SoundForm;
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

export interface StartBroadcast {
  readonly layout?: CompositeLayout;
  readonly hls?: boolean;
  readonly targets?: readonly RtmpTarget[];
}

export interface StartIngress {
  readonly kind: IngressKind;
  readonly name: string;
  readonly url?: string | null;
  readonly screen?: boolean;
}

export interface StartRecording {
  readonly kind?: RecordingKind | null;
  readonly layout?: CompositeLayout;
}

export type StopBroadcast = Record<string, never>;

export interface StopIngress {
  readonly ingress_id: string;
}

export type StopRecording = Record<string, never>;

export interface StopTrack {
  readonly track_id: string;
}

export interface SubscriberAnswer {
  readonly generation: number;
  readonly negotiation: number;
  readonly sdp: string;
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

export interface Unban {
  readonly identity: string;
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

export interface Commands {
  readonly publish_offer: { readonly command: PublishOffer; readonly answer: PublishAnswer };
  readonly subscriber_answer: { readonly command: SubscriberAnswer; readonly answer: Record<string, never> };
  readonly update_subscriptions: { readonly command: UpdateSubscriptions; readonly answer: Record<string, never> };
  readonly set_sound: { readonly command: SetSound; readonly answer: Record<string, never> };
  readonly restart_media: { readonly command: RestartMedia; readonly answer: Record<string, never> };
  readonly get_ice_servers: { readonly command: GetIceServers; readonly answer: IceServersAnswer };
  readonly report_join: { readonly command: ReportJoin; readonly answer: Record<string, never> };
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
  readonly start_broadcast: { readonly command: StartBroadcast; readonly answer: BroadcastAnswer };
  readonly stop_broadcast: { readonly command: StopBroadcast; readonly answer: Record<string, never> };
  readonly start_ingress: { readonly command: StartIngress; readonly answer: IngressAnswer };
  readonly stop_ingress: { readonly command: StopIngress; readonly answer: Record<string, never> };
  readonly leave_meeting: { readonly command: LeaveMeeting; readonly answer: Record<string, never> };
  readonly end_meeting: { readonly command: EndMeeting; readonly answer: Record<string, never> };
}
