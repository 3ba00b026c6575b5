import {
  camelCased,
  type IdentityProvider,
  type JoinTicket,
  type Meeting,
  type MeetingPublic,
  type NewStreamKey,
  type StreamKey,
  type StreamScope,
  type User,
} from "./api-types.js";
import { ParleyError } from "./errors.js";
import type { LiveRoom, Page, ParticipantStatistics, RoomParticipant, RoomStatistics } from "./statistics-types.js";

export interface AccountOptions {
  /** Whether registration is confirmed by mail, and forgotten passwords can be reset by mail. */
  readonly mail: boolean;
  readonly passwordMinLength: number;
  readonly passwordMaxLength: number;
}

interface SessionAnswer {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly user: User;
}

interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** An access token is renewed so long before it ends, milliseconds. */
const RENEW_EARLY_MS = 30_000;
/** Only one tab at a time uses the refresh cookie: it changes with each use. */
const REFRESH_LOCK = "parley-refresh";

/**
 * The HTTP services. The access token lives in memory alone; the refresh token in a cookie that no script can read.
 */
export class ParleyApi {
  #user: User | null = null;
  #access: { readonly token: string; readonly until: number } | null = null;
  #refreshing: Promise<User | null> | null = null;
  readonly #listeners = new Set<(user: User | null) => void>();
  readonly #baseUrl: string;

  constructor(options: { baseUrl?: string } = {}) {
    this.#baseUrl = options.baseUrl ?? "";
  }

  /** Who is logged in, as far as this page knows. */
  get user(): User | null {
    return this.#user;
  }

  onUserChange(listener: (user: User | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What the installation offers to those who have no account yet. */
  async getAccountOptions(): Promise<AccountOptions> {
    return (await this.#fetch("GET", "/v1/auth/options", undefined, null)) as AccountOptions;
  }

  /** Makes an account and logs in; null: a mail with a link to confirm is on its way instead. */
  async register(input: {
    email: string;
    password: string;
    displayName: string;
    locale?: "en" | "de";
  }): Promise<User | null> {
    const { email, password, displayName, locale } = input;
    const body = { email, password, display_name: displayName, session: "cookie", ...(locale && { locale }) };
    const answer = (await this.#fetch("POST", "/v1/auth/register", body, null)) as SessionAnswer | { status: string };
    if (!("accessToken" in answer)) return null;
    this.#setSession(answer);
    return answer.user;
  }

  /** Makes the account that a mail's link is for; the password is the one that was chosen when registering. */
  async confirmRegistration(input: { token: string; password: string }): Promise<User> {
    return this.#open("/v1/auth/register/confirm", { ...input, session: "cookie" });
  }

  /** Has a link for a new password sent, if the address has an account. */
  async forgotPassword(email: string): Promise<void> {
    await this.#fetch("POST", "/v1/auth/password/forgotten", { email }, null);
  }

  /** Chooses a new password with a mail's link. All sessions end. */
  async resetPassword(input: { token: string; newPassword: string }): Promise<void> {
    const body = { token: input.token, new_password: input.newPassword };
    await this.#fetch("POST", "/v1/auth/password/reset", body, null);
  }

  /** Takes the new address that a mail's link was sent to. */
  async confirmEmail(token: string): Promise<User> {
    return (await this.#call("POST", "/v1/auth/me/email/confirm", { token })) as User;
  }

  /** Takes an old address back with a mail's link and a new password. All sessions end. */
  async undoEmail(input: { token: string; newPassword: string }): Promise<void> {
    const body = { token: input.token, new_password: input.newPassword };
    await this.#fetch("POST", "/v1/auth/email/undo", body, null);
  }

  async login(input: { email: string; password: string }): Promise<User> {
    return this.#open("/v1/auth/login", { ...input, session: "cookie" });
  }

  /** Where else people of this installation have accounts that they can log in with. */
  async listIdentityProviders(): Promise<readonly IdentityProvider[]> {
    const { items } = (await this.#fetch("GET", "/v1/auth/providers", undefined, null)) as { items: IdentityProvider[] };
    return items;
  }

  /**
   * Where to send the browser to log in at an `oidc` provider; it comes back to `returnTo`, a path of this site. A refusal comes
   * back to `/sign-in?error=<code>&provider=<id>&next=<returnTo>`.
   */
  providerLoginAddress(id: string, returnTo: string): string {
    return `${this.#baseUrl}${providerPath(id)}/authorize?return_to=${encodeURIComponent(returnTo)}`;
  }

  /** Logs in with name and password at an `ldap` provider. */
  async loginAtDirectory(id: string, input: { username: string; password: string }): Promise<User> {
    return this.#open(`${providerPath(id)}/login`, { ...input, session: "cookie" });
  }

  /**
   * Begins to link an identity at an `oidc` provider to the account that is logged in, for which the login must be no older than ten
   * minutes: where to send the browser.
   */
  async linkIdentity(id: string, returnTo: string): Promise<string> {
    const path = `/v1/auth/identities/${encodeURIComponent(id)}/authorize`;
    const { authorizationUrl } = (await this.#call("POST", path, { return_to: returnTo })) as { authorizationUrl: string };
    return authorizationUrl;
  }

  /** Goes on with the session of an earlier visit; null if there is none. */
  restore(): Promise<User | null> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async logout(): Promise<void> {
    try {
      await this.#fetch("POST", "/v1/auth/logout", {}, null);
    } finally {
      this.#setSession(null);
    }
  }

  async createMeeting(input: { title: string; guestsAllowed?: boolean }): Promise<Meeting> {
    const body = { title: input.title, guests_allowed: input.guestsAllowed ?? true };
    return (await this.#call("POST", "/v1/meetings", body)) as Meeting;
  }

  async listMeetings(cursor?: string): Promise<{ items: Meeting[]; nextCursor: string | null }> {
    const query = cursor === undefined ? "" : `?cursor=${encodeURIComponent(cursor)}`;
    return (await this.#call("GET", `/v1/meetings${query}`)) as { items: Meeting[]; nextCursor: string | null };
  }

  async getMeeting(id: string): Promise<Meeting | MeetingPublic> {
    return (await this.#call("GET", meetingPath(id))) as Meeting | MeetingPublic;
  }

  async updateMeeting(id: string, change: { title?: string; guestsAllowed?: boolean }): Promise<Meeting> {
    const body = {
      ...(change.title === undefined ? {} : { title: change.title }),
      ...(change.guestsAllowed === undefined ? {} : { guests_allowed: change.guestsAllowed }),
    };
    return (await this.#call("PATCH", meetingPath(id), body)) as Meeting;
  }

  async endMeeting(id: string): Promise<Meeting> {
    return (await this.#call("POST", `${meetingPath(id)}/end`, {})) as Meeting;
  }

  async joinMeeting(id: string, input: { displayName?: string; previousToken?: string } = {}): Promise<JoinTicket> {
    const body = {
      ...(input.displayName === undefined ? {} : { display_name: input.displayName }),
      ...(input.previousToken === undefined ? {} : { previous_token: input.previousToken }),
    };
    return (await this.#call("POST", `${meetingPath(id)}/join`, body)) as JoinTicket;
  }

  /** A meeting's stream keys, oldest first. For its host. */
  async listStreamKeys(meetingId: string): Promise<StreamKey[]> {
    const keys: StreamKey[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const path = `${meetingPath(meetingId)}/stream-keys?limit=100${query}`;
      const page = (await this.#call("GET", path)) as Page<StreamKey>;
      keys.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return keys;
  }

  async createStreamKey(
    meetingId: string,
    input: { name: string; scope?: StreamScope; expiresAt?: string | null },
  ): Promise<NewStreamKey> {
    const body = {
      name: input.name,
      ...(input.scope === undefined ? {} : { scope: input.scope }),
      ...(input.expiresAt == null ? {} : { expires_at: input.expiresAt }),
    };
    return (await this.#call("POST", `${meetingPath(meetingId)}/stream-keys`, body)) as NewStreamKey;
  }

  /** It opens nothing any more, and what came in with it is out. */
  async revokeStreamKey(meetingId: string, keyId: string): Promise<void> {
    await this.#call("DELETE", `${meetingPath(meetingId)}/stream-keys/${encodeURIComponent(keyId)}`);
  }

  /** The rooms in which somebody is, the latest first: one's own, for an administrator all. */
  async listLiveRooms(cursor?: string): Promise<Page<LiveRoom>> {
    const query = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    return (await this.#call("GET", `/v1/rooms?limit=100${query}`)) as Page<LiveRoom>;
  }

  /** Who is in a live room, in the order of joining. For its host and for administrators. */
  async listParticipants(meetingId: string, cursor?: string): Promise<Page<RoomParticipant>> {
    const query = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    return (await this.#call("GET", `${roomPath(meetingId)}/participants?limit=500${query}`)) as Page<RoomParticipant>;
  }

  /** How the media of everybody in a live room does. */
  async getRoomStatistics(meetingId: string): Promise<RoomStatistics> {
    return (await this.#call("GET", `${roomPath(meetingId)}/statistics`)) as RoomStatistics;
  }

  /** How somebody's media does, stream by stream. */
  async getParticipantStatistics(meetingId: string, participantId: string): Promise<ParticipantStatistics> {
    const path = `${roomPath(meetingId)}/participants/${encodeURIComponent(participantId)}/statistics`;
    return (await this.#call("GET", path)) as ParticipantStatistics;
  }

  async #open(path: string, body: unknown): Promise<User> {
    const session = (await this.#fetch("POST", path, body, null)) as SessionAnswer;
    this.#setSession(session);
    return session.user;
  }

  async #refresh(): Promise<User | null> {
    try {
      const session = await navigator.locks.request(REFRESH_LOCK, () =>
        this.#fetch("POST", "/v1/auth/refresh", {}, null),
      );
      this.#setSession(session as SessionAnswer);
    } catch (error) {
      // Without a cookie, or with one that has ended, there is no session: that is an answer, not a failure.
      if (!(error instanceof ParleyError) || error.status === undefined || error.status >= 500) throw error;
      this.#setSession(null);
    }
    return this.#user;
  }

  #setSession(session: SessionAnswer | null): void {
    this.#access = session && { token: session.accessToken, until: Date.now() + session.expiresIn * 1000 };
    const user = session?.user ?? null;
    if (user === this.#user) return;
    this.#user = user;
    for (const listener of this.#listeners) listener(user);
  }

  /** A call in the user's name where someone is logged in; renews the access token when it is over. */
  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    if (this.#access !== null && this.#access.until - RENEW_EARLY_MS < Date.now()) await this.restore();
    const token = this.#access?.token ?? null;
    try {
      return await this.#fetch(method, path, body, token);
    } catch (error) {
      if (!(error instanceof ParleyError) || error.status !== 401 || token === null) throw error;
      if (error.code === "invalid_credentials") throw error; // a password in the body, not the token
      if ((await this.restore()) === null) throw error;
      return this.#fetch(method, path, body, this.#access?.token ?? null);
    }
  }

  async #fetch(method: string, path: string, body: unknown, token: string | null): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(this.#baseUrl + path, {
        method,
        headers: {
          Accept: "application/json",
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        },
        credentials: "same-origin",
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      throw new ParleyError("network", "The server cannot be reached. Check your connection and try again.");
    }
    if (response.status === 204) return null;
    const data: unknown = await response.json().catch(() => null);
    if (!response.ok) throw problemError(response.status, data as Problem | null);
    return camelCased(data);
  }
}

function roomPath(id: string): string {
  return `/v1/rooms/${encodeURIComponent(id)}`;
}

function providerPath(id: string): string {
  return `/v1/auth/providers/${encodeURIComponent(id)}`;
}

function meetingPath(id: string): string {
  return `/v1/meetings/${encodeURIComponent(id)}`;
}

/** A problem document (RFC 9457) as an error. */
export function problemError(status: number, problem: Problem | null): ParleyError {
  const fields = Object.fromEntries((problem?.errors ?? []).map((error) => [error.field, error.message]));
  const message = problem?.detail ?? problem?.title ?? "The server could not answer. Try again in a moment.";
  return new ParleyError(problem?.code ?? "internal", message, status, fields);
}
