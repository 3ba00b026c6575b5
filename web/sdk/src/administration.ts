import type {
  AccountRole,
  ApiKey,
  AuditEntry,
  AuditSearch,
  ManagedUser,
  NewApiKey,
  ServiceAccount,
  UserSearch,
} from "./administration-types.js";
import type { OwnSession } from "./api-types.js";
import type { HttpSession } from "./http-session.js";
import { queryOf } from "./query.js";
import type { Page } from "./statistics-types.js";

const USERS = "/v1/auth/users";
const SERVICE_ACCOUNTS = "/v1/auth/service-accounts";

/**
 * What administrators do with the accounts of others, with service accounts, and the audit log: whoever is logged in needs the
 * permissions. A page may have fewer items than fit, even none, and others follow until `nextCursor` is null.
 */
export class Administration {
  readonly #http: HttpSession;

  constructor(http: HttpSession) {
    this.#http = http;
  }

  /** Accounts in the order of their addresses. */
  async listUsers(search: UserSearch = {}, cursor?: string, limit = 50): Promise<Page<ManagedUser>> {
    const { usedBefore, ...told } = search;
    const query = queryOf({ search: told.search, role: told.role, state: told.state, used_before: usedBefore, cursor, limit: `${limit}` });
    return (await this.#http.call("GET", USERS + query)) as Page<ManagedUser>;
  }

  async getUser(id: string): Promise<ManagedUser> {
    return (await this.#http.call("GET", userPath(id))) as ManagedUser;
  }

  /** @param input.password A first one, which its owner replaces; without it they get a mail to choose one. */
  async createUser(input: {
    email: string;
    displayName: string;
    role?: AccountRole;
    password?: string;
  }): Promise<ManagedUser> {
    const { email, displayName, role, password } = input;
    const body = { email, display_name: displayName, ...(role && { role }), ...(password !== undefined && { password }) };
    return (await this.#http.call("POST", USERS, body)) as ManagedUser;
  }

  async updateUser(id: string, change: { displayName?: string; role?: AccountRole }): Promise<ManagedUser> {
    const { displayName, role } = change;
    const body = { ...(displayName !== undefined && { display_name: displayName }), ...(role && { role }) };
    return (await this.#http.call("PATCH", userPath(id), body)) as ManagedUser;
  }

  /** Keeps somebody out: all sessions end, and nobody can log in to the account. */
  async suspendUser(id: string): Promise<ManagedUser> {
    return (await this.#http.call("POST", `${userPath(id)}/suspend`)) as ManagedUser;
  }

  async resumeUser(id: string): Promise<ManagedUser> {
    return (await this.#http.call("POST", `${userPath(id)}/resume`)) as ManagedUser;
  }

  /** At once and for good. */
  async deleteUser(id: string): Promise<void> {
    await this.#http.call("DELETE", userPath(id));
  }

  /** Where somebody is logged in, the last used first. */
  async listSessionsOfUser(id: string): Promise<readonly OwnSession[]> {
    const { items } = (await this.#http.call("GET", `${userPath(id)}/sessions`)) as { items: OwnSession[] };
    return items;
  }

  async endSessionsOfUser(id: string): Promise<void> {
    await this.#http.call("DELETE", `${userPath(id)}/sessions`);
  }

  /** Takes all second factors from somebody who has lost them, and ends their sessions. */
  async resetFactorsOfUser(id: string): Promise<void> {
    await this.#http.call("DELETE", `${userPath(id)}/factors`);
  }

  /** Security events, the latest first. That somebody has looked is one, too. */
  async listAuditLog(search: AuditSearch = {}, cursor?: string, limit = 50): Promise<Page<AuditEntry>> {
    return (await this.#http.call("GET", `/v1/auth/audit${auditQuery(search, cursor, limit)}`)) as Page<AuditEntry>;
  }

  /** The newest first. */
  async listServiceAccounts(cursor?: string, limit = 50): Promise<Page<ServiceAccount>> {
    const query = queryOf({ cursor, limit: `${limit}` });
    return (await this.#http.call("GET", SERVICE_ACCOUNTS + query)) as Page<ServiceAccount>;
  }

  async getServiceAccount(id: string): Promise<ServiceAccount> {
    return (await this.#http.call("GET", servicePath(id))) as ServiceAccount;
  }

  /** It can be allowed no more than who makes it. */
  async createServiceAccount(input: { name: string; permissions: readonly string[] }): Promise<ServiceAccount> {
    return (await this.#http.call("POST", SERVICE_ACCOUNTS, input)) as ServiceAccount;
  }

  /** Its keys end with it. */
  async deleteServiceAccount(id: string): Promise<void> {
    await this.#http.call("DELETE", servicePath(id));
  }

  /** The newest first, with those that are revoked. */
  async listApiKeys(serviceAccountId: string): Promise<readonly ApiKey[]> {
    const { items } = (await this.#http.call("GET", `${servicePath(serviceAccountId)}/keys`)) as { items: ApiKey[] };
    return items;
  }

  /** @param input.permissions All of the service account's, unless told. @param input.expiresInDays Never, unless told. */
  async createApiKey(
    serviceAccountId: string,
    input: { permissions?: readonly string[]; expiresInDays?: number } = {},
  ): Promise<NewApiKey> {
    const { permissions, expiresInDays } = input;
    const body = { ...(permissions && { permissions }), ...(expiresInDays && { expires_in_days: expiresInDays }) };
    return (await this.#http.call("POST", `${servicePath(serviceAccountId)}/keys`, body)) as NewApiKey;
  }

  /** It opens nothing any more. */
  async revokeApiKey(serviceAccountId: string, keyId: string): Promise<void> {
    await this.#http.call("DELETE", `${servicePath(serviceAccountId)}/keys/${encodeURIComponent(keyId)}`);
  }
}

function userPath(id: string): string {
  return `${USERS}/${encodeURIComponent(id)}`;
}

function servicePath(id: string): string {
  return `${SERVICE_ACCOUNTS}/${encodeURIComponent(id)}`;
}

/** The query that both services' audit logs are asked with. */
export function auditQuery(search: AuditSearch, cursor: string | undefined, limit: number): string {
  const { userId, actorId, event, outcome, since, until } = search;
  const about = { user_id: userId, actor_id: actorId, event, outcome, since, until };
  return queryOf({ ...about, cursor, limit: `${limit}` });
}
