import type { Identities, Language, OwnSession, User } from "./api-types.js";
import { idempotently, type HttpSession } from "./http-session.js";

const ME = "/v1/auth/me";
const SESSIONS = "/v1/auth/sessions";
const IDENTITIES = "/v1/auth/identities";

interface RawPage {
  readonly items: readonly unknown[];
  readonly next_cursor: string | null;
}

/** The account that is logged in, and what its owner may do with it. What is dangerous may be refused with `step_up_required`. */
export class OwnAccount {
  readonly #http: HttpSession;

  constructor(http: HttpSession) {
    this.#http = http;
  }

  async updateProfile(change: { displayName?: string; locale?: Language }): Promise<User> {
    const body = {
      ...(change.displayName === undefined ? {} : { display_name: change.displayName }),
      ...(change.locale === undefined ? {} : { locale: change.locale }),
    };
    return this.#changed(await this.#http.call("PATCH", ME, body));
  }

  /** Asks for another address: null where a link was sent to it, which has to be opened; else it is the account's already. */
  async changeEmail(email: string): Promise<User | null> {
    const answer = (await this.#http.call("POST", `${ME}/email`, { email })) as User | { status: string };
    return "status" in answer ? null : this.#changed(answer);
  }

  /** Takes the new address that a mail's link was sent to. */
  async confirmEmail(token: string): Promise<User> {
    return this.#changed(await this.#http.call("POST", `${ME}/email/confirm`, { token }));
  }

  /**
   * @param input.currentPassword The account's, if it has one.
   * @param requestKey Names the request: sent again with it, within a day, it is not refused for what it has done itself.
   */
  async changePassword(
    input: { newPassword: string; currentPassword?: string; endOtherSessions?: boolean },
    requestKey?: string,
  ): Promise<void> {
    const body = {
      new_password: input.newPassword,
      ...(input.currentPassword === undefined ? {} : { current_password: input.currentPassword }),
      end_other_sessions: input.endOtherSessions ?? true,
    };
    await this.#http.callVersioned("POST", `${ME}/password`, body, idempotently(requestKey));
  }

  /** A copy of all that is stored about the account, and of what meetings keep of its owner, as the services write it. */
  async exportData(): Promise<{ readonly account: unknown; readonly meetings: readonly unknown[] }> {
    const account = await this.#http.callRaw("GET", `${ME}/export`);
    const meetings: unknown[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = (await this.#http.callRaw("GET", `/v1/meetings/export?limit=20${query}`)) as RawPage;
      meetings.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return { account, meetings };
  }

  /** At once and for good. */
  async delete(): Promise<void> {
    await this.#http.call("POST", `${ME}/delete`);
    // The cookie is good for nothing any more; the browser is told to throw it away.
    await this.#http.end().catch(() => undefined);
  }

  /** Where the account is logged in: this session first, then by last use. */
  async listSessions(): Promise<readonly OwnSession[]> {
    const { items } = (await this.#http.call("GET", SESSIONS)) as { items: OwnSession[] };
    return items;
  }

  async endSession(id: string): Promise<void> {
    await this.#http.call("DELETE", `${SESSIONS}/${encodeURIComponent(id)}`);
  }

  /** All but the one at hand. */
  async endOtherSessions(): Promise<void> {
    await this.#http.call("DELETE", `${SESSIONS}?keep_current=true`);
  }

  /** What else the account can be logged in to with, and whether it has a password. */
  async listIdentities(): Promise<Identities> {
    return (await this.#http.call("GET", IDENTITIES)) as Identities;
  }

  /**
   * Begins to link an identity at an `oidc` provider: where to send the browser. It comes back to `returnTo`, where it was refused with
   * `?error=<code>&provider=<id>`.
   */
  async linkIdentity(provider: string, returnTo: string): Promise<string> {
    const path = `${IDENTITIES}/${encodeURIComponent(provider)}/authorize`;
    const { authorizationUrl } = (await this.#http.call("POST", path, { return_to: returnTo })) as {
      authorizationUrl: string;
    };
    return authorizationUrl;
  }

  /** Links an identity at an `ldap` provider, with name and password there. */
  async linkDirectory(provider: string, input: { username: string; password: string }): Promise<Identities> {
    return (await this.#http.call("POST", `${IDENTITIES}/${encodeURIComponent(provider)}/login`, input)) as Identities;
  }

  async unlinkIdentity(id: string): Promise<void> {
    await this.#http.call("DELETE", `${IDENTITIES}/${encodeURIComponent(id)}`);
  }

  #changed(answer: unknown): User {
    this.#http.setUser(answer as User);
    return answer as User;
  }
}
