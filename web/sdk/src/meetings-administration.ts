import type { AuditEntry, AuditSearch } from "./administration-types.js";
import { auditQuery } from "./administration.js";
import { camelCased } from "./api-types.js";
import type { HttpSession } from "./http-session.js";
import { queryOf } from "./query.js";
import type { Page } from "./statistics-types.js";
import type { HostUsage, SetAsideFact, SetAsideFactWhole, UsagePeriod, UsageSearch } from "./usage-types.js";

const MEETINGS = "/v1/meetings";
const USAGE = `${MEETINGS}/usage`;
const FACTS = `${MEETINGS}/facts/set-aside`;

/** What administrators do at the meeting service: usage, facts that could not be taken, and its audit log. */
export class MeetingsAdministration {
  readonly #http: HttpSession;

  constructor(http: HttpSession) {
    this.#http = http;
  }

  /** Every day, or month, of those asked for, in their order. */
  async usage(search: UsageSearch = {}): Promise<readonly UsagePeriod[]> {
    const { items } = (await this.#http.call("GET", USAGE + queryOf({ ...search }))) as { items: UsagePeriod[] };
    return items;
  }

  /** The same as a table (RFC 4180). */
  usageTable(search: UsageSearch = {}): Promise<Blob> {
    return this.#http.download(`${USAGE}/export${queryOf({ ...search })}`);
  }

  /** Who hosted how much in a month (`2026-11`); the order means nothing. */
  async hostUsage(month: string, cursor?: string, limit = 100): Promise<Page<HostUsage>> {
    return (await this.#http.call("GET", `${USAGE}/hosts${queryOf({ month, cursor, limit: `${limit}` })}`)) as Page<HostUsage>;
  }

  hostUsageTable(month: string): Promise<Blob> {
    return this.#http.download(`${USAGE}/export${queryOf({ by: "host", month })}`);
  }

  /** Facts that could not be taken, the latest first. */
  async setAsideFacts(cursor?: string, limit = 50): Promise<Page<SetAsideFact>> {
    return (await this.#http.call("GET", FACTS + queryOf({ cursor, limit: `${limit}` }))) as Page<SetAsideFact>;
  }

  async setAsideFact(id: string): Promise<SetAsideFactWhole> {
    const { fact, ...about } = (await this.#http.callRaw("GET", factPath(id))) as { fact: unknown };
    return { ...(camelCased(about) as SetAsideFact), fact };
  }

  /** Tries again to take it; null: that has worked, else why not. */
  async retryFact(id: string): Promise<string | null> {
    const { taken, reason } = (await this.#http.call("POST", `${factPath(id)}/retry`)) as { taken: boolean; reason: string | null };
    return taken ? null : (reason ?? "");
  }

  async discardFact(id: string): Promise<void> {
    await this.#http.call("DELETE", factPath(id));
  }

  /** What hosts and administrators have done, the latest first. */
  async listAuditLog(search: AuditSearch = {}, cursor?: string, limit = 50): Promise<Page<AuditEntry>> {
    return (await this.#http.call("GET", `${MEETINGS}/audit${auditQuery(search, cursor, limit)}`)) as Page<AuditEntry>;
  }
}

function factPath(id: string): string {
  return `${FACTS}/${encodeURIComponent(id)}`;
}
