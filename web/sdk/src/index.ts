/**
 * Headless client for Parley meetings: the HTTP API, the live room and its media. No user interface.
 *
 * `ParleyApi` talks to the HTTP services, `Room` is one meeting's live room. A room publishes immutable states
 * (`RoomState`): `subscribe` tells when a new one is there, `state` is the newest. A user interface renders that state
 * and calls the methods; it keeps no truth of its own.
 */
export { Administration } from "./administration.js";
export type * from "./administration-types.js";
export { ParleyApi, type AccountOptions } from "./api.js";
export type {
  Factors,
  Identities,
  Identity,
  IdentityProvider,
  JoinTicket,
  Language,
  NewStreamKey,
  OwnSession,
  Passkey,
  SecondFactorMethod,
  SecondFactorRequired,
  StreamKey,
  StreamScope,
  User,
} from "./api-types.js";
export { DeviceError, Devices, LevelMeter } from "./devices.js";
export type { DeviceErrorCode, DeviceKind, MediaDevice } from "./devices.js";
export { bytesOfSecret, newMeetingSecret } from "./e2ee/meeting-secret.js";
export { RoomEncryption } from "./e2ee/room-encryption.js";
export type { VideoCodec, VideoPreferences } from "./encodings.js";
export type { SessionEnd } from "./http-session.js";
export { asParleyError, ParleyError } from "./errors.js";
export type { Versioned } from "./http-session.js";
export type * from "./meeting-types.js";
export { Calendar } from "./calendar.js";
export { Invitations } from "./invitations.js";
export { MeetingsAdministration } from "./meetings-administration.js";
export { Meetings } from "./meetings.js";
export { Prepared } from "./prepared.js";
export { Series } from "./series.js";
export { SharedNotes } from "./notes/shared-notes.js";
export { Moderation } from "./moderation.js";
export type { BreakoutOptions, NewBreakout } from "./moderation.js";
export { OwnAccount } from "./own-account.js";
export { OwnFactors } from "./own-factors.js";
export type * from "./recording-types.js";
export { chaptersTrack } from "./chapters-track.js";
export { Recordings } from "./recordings.js";
export { Room } from "./room.js";
export type { InitialMedia, RoomOptions } from "./room.js";
export type { DataOptions, ReceivedData, RoomData } from "./room-data.js";
export type * from "./room-state.js";
export { INITIAL_STATE } from "./room-view.js";
export type * from "./statistics-types.js";
export type { RoomStats, TrackStats } from "./stats.js";
export type * from "./usage-types.js";
export { passkeyAutofillSupported, passkeysSupported } from "./webauthn.js";
export type * from "./webhook-types.js";
export { Webhooks } from "./webhooks.js";
export type { Wish } from "./wishes.js";
