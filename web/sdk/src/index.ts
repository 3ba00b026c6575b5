/**
 * Headless client for Parley meetings: the HTTP API, the live room and its media. No user interface.
 *
 * `ParleyApi` talks to the HTTP services, `Room` is one meeting's live room. A room publishes immutable states
 * (`RoomState`): `subscribe` tells when a new one is there, `state` is the newest. A user interface renders that state and calls
 * the methods; it keeps no truth of its own.
 */
export type * from "./room-state.js";
