/** What administrators see of accounts, service accounts and the audit log (`docs/http-api.md`), in the SDK's camel case. */
import type { SecondFactorMethod, User } from "./api-types.js";

export type AccountRole = User["role"];
/** `invited`: has not chosen a way to log in yet. */
export type AccountState = "active" | "invited" | "suspended";

/** Somebody's account, as administrators see it. */
export interface ManagedUser {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  readonly role: AccountRole;
  readonly state: AccountState;
  readonly createdAt: string;
  readonly suspendedAt: string | null;
  /** When they last logged in or refreshed, to within a day; null: never, or not since this is kept. */
  readonly lastUsedAt: string | null;
  readonly hasPassword: boolean;
  /** The ids of the identity providers that they log in at. */
  readonly providers: readonly string[];
  /** The kinds of second factors that they have. */
  readonly factors: readonly SecondFactorMethod[];
}

/** Whom to look for; what is left out does not matter. */
export interface UserSearch {
  /** What is in the address or in the name, or the id. */
  readonly search?: string;
  readonly role?: AccountRole;
  readonly state?: AccountState;
  /** Who was last here before this time (RFC 3339), or never. */
  readonly usedBefore?: string;
}

/** One security event. */
export interface AuditEntry {
  readonly id: string;
  readonly at: string;
  /** Such as `logged_in`. */
  readonly event: string;
  readonly outcome: "done" | "refused";
  /** Whose account, or which service account, it is about. */
  readonly userId: string | null;
  /** Who did it; null: nobody who is known. */
  readonly actorId: string | null;
  readonly sessionId: string | null;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
  readonly details: Readonly<Record<string, string>>;
}

/** Which events to look for; what is left out does not matter. Times in RFC 3339, `until` excluded. */
export interface AuditSearch {
  readonly userId?: string;
  readonly actorId?: string;
  readonly event?: string;
  readonly outcome?: AuditEntry["outcome"];
  readonly since?: string;
  readonly until?: string;
}

/** A program that uses the APIs. */
export interface ServiceAccount {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly createdAt: string;
  readonly createdBy: string;
}

export interface ApiKey {
  readonly id: string;
  readonly permissions: readonly string[];
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string | null;
  /** True to the hour. */
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/** A key on the one occasion on which it is shown. */
export interface NewApiKey extends ApiKey {
  readonly key: string;
}
