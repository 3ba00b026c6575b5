/** The HTTP API's resources (`docs/http-api.md`), in the SDK's camel case. */
import type { Permissions, Role } from "./room-state.js";

export interface User {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  /** Whether they administer the platform. */
  readonly administrator: boolean;
  readonly role: "administrator" | "organiser" | "member";
  /** What the role allows, such as `meetings:create`. */
  readonly permissions: readonly string[];
}

/** `oidc`: the browser is sent there; `ldap`: name and password are given here. */
export interface IdentityProvider {
  readonly id: string;
  readonly kind: "oidc" | "ldap";
  readonly name: string;
}

export type MeetingStatus = "scheduled" | "live" | "ended";

/** What anyone with the link may know. */
export interface MeetingPublic {
  readonly id: string;
  readonly title: string;
  readonly status: MeetingStatus;
  readonly guestsAllowed: boolean;
  readonly hostName: string;
}

/** What the host knows. */
export interface Meeting {
  readonly id: string;
  readonly title: string;
  readonly status: MeetingStatus;
  readonly hostId: string;
  readonly guestsAllowed: boolean;
  readonly joinUrl: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** `publish`: for an encoder (WHIP); `watch`: for a player (WHEP). */
export type StreamScope = "publish" | "watch";

/** What an encoder or a player comes in with until it is revoked. */
export interface StreamKey {
  readonly id: string;
  readonly name: string;
  readonly scope: StreamScope;
  /** The door that it opens. */
  readonly url: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
}

/** The key itself is told once. */
export interface NewStreamKey extends StreamKey {
  readonly key: string;
}

/** What opens a room. */
export interface JoinTicket {
  readonly meetingToken: string;
  /** Seconds from now. */
  readonly expiresIn: number;
  readonly meeting: MeetingPublic;
  readonly identity: string;
  readonly displayName: string;
  readonly role: Role;
  readonly permissions: Permissions;
  readonly gatewayUrl: string;
  readonly iceServers: readonly RTCIceServer[];
}

/** `some_name` as `someName`, in all keys of plain objects and arrays. */
export function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    camelCased(item),
  ]);
  return Object.fromEntries(entries) as unknown;
}
