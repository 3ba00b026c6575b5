/** The HTTP API's resources (`docs/http-api.md`), in the SDK's camel case. */
import type { MeetingPublic } from "./meeting-types.js";
import type { Permissions, Role } from "./room-state.js";

/** What mails and pages are written in. */
export type Language = "en" | "de";

export interface User {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  readonly createdAt: string;
  /** The language of mails. */
  readonly locale: Language;
  /** Whether they administer the platform. */
  readonly administrator: boolean;
  readonly role: "administrator" | "organiser" | "member";
  /** What the role allows, such as `meetings:create`. */
  readonly permissions: readonly string[];
  /** Whether a second factor has to be set up before anything else can be done. */
  readonly secondFactorRequired: boolean;
}

export type SecondFactorMethod = "passkey" | "totp" | "recovery_code";

/** A login that waits for a second factor. */
export interface SecondFactorRequired {
  readonly status: "second_factor_required";
  /** Left out where the browser keeps it in a cookie. */
  readonly loginToken?: string;
  /** Seconds. */
  readonly expiresIn: number;
  /** What the account has, the best liked first. */
  readonly methods: readonly SecondFactorMethod[];
}

export interface Passkey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  /** Whether it is in its maker's cloud, and on other devices perhaps. */
  readonly backedUp: boolean;
}

/** What an account proves itself with beside its password. */
export interface Factors {
  /** An authenticator app (RFC 6238). */
  readonly totp: { readonly enrolledAt: string } | null;
  readonly passkeys: readonly Passkey[];
  readonly recoveryCodesLeft: number;
  /** Whether the account must have one of the others. */
  readonly required: boolean;
}

/** `oidc`: the browser is sent there; `ldap`: name and password are given here. */
export interface IdentityProvider {
  readonly id: string;
  readonly kind: "oidc" | "ldap";
  readonly name: string;
}

/** Where the account is logged in. */
export interface OwnSession {
  readonly id: string;
  /** Whether it is this one. */
  readonly current: boolean;
  /** What it was used with last, by its own word; null where that is not known. */
  readonly device: { readonly browser: string | null; readonly system: string | null };
  /** Where it was used last, roughly (CIDR). */
  readonly network: string | null;
  readonly createdAt: string;
  readonly usedAt: string;
  readonly expiresAt: string;
}

/** What an account can be logged in to with elsewhere. */
export interface Identity {
  readonly id: string;
  /** The provider's id; it may be in the settings no more. */
  readonly provider: string;
  readonly email: string | null;
  readonly linkedAt: string;
}

export interface Identities {
  readonly items: readonly Identity[];
  /** Whether the account has a password as well. */
  readonly hasPassword: boolean;
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

/** `someName` as `some_name`, in all keys of plain objects and arrays; what is `undefined` is left out. */
export function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), snakeCased(item)]);
  return Object.fromEntries(entries) as unknown;
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
