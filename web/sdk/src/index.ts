/**
 * Headless client for Parley meetings: the HTTP API, the live room and its media. No user interface.
 *
 * `ParleyApi` talks to the HTTP services, `Room` is one meeting's live room. A room publishes immutable states
 * (`RoomState`): `subscribe` tells when a new one is there, `state` is the newest. A user interface renders that state
 * and calls the methods; it keeps no truth of its own.
 */
export { ParleyApi, type AccountOptions } from "./api.js";
export type {
  IdentityProvider,
  JoinTicket,
  Meeting,
  MeetingPublic,
  MeetingStatus,
  NewStreamKey,
  StreamKey,
  StreamScope,
  User,
} from "./api-types.js";
export { DeviceError, Devices, LevelMeter } from "./devices.js";
export type { DeviceErrorCode, DeviceKind, MediaDevice } from "./devices.js";
export { bytesOfSecret, newMeetingSecret } from "./e2ee/meeting-secret.js";
export { RoomEncryption } from "./e2ee/room-encryption.js";
export type { VideoCodec, VideoPreferences } from "./encodings.js";
export { asParleyError, ParleyError } from "./errors.js";
export { Moderation } from "./moderation.js";
export type { BreakoutOptions, NewBreakout } from "./moderation.js";
export { Room } from "./room.js";
export type { InitialMedia, RoomOptions } from "./room.js";
export type { DataOptions, ReceivedData, RoomData } from "./room-data.js";
export type * from "./room-state.js";
export { INITIAL_STATE } from "./room-view.js";
export type * from "./statistics-types.js";
export type { RoomStats, TrackStats } from "./stats.js";
export type { Wish } from "./wishes.js";
