import { Administration } from "./administration.js";
import type {
  IdentityProvider,
  JoinTicket,
  Language,
  NewStreamKey,
  SecondFactorRequired,
  StreamKey,
  StreamScope,
  User,
} from "./api-types.js";
import { asParleyError } from "./errors.js";
import { HttpSession, type SessionEnd } from "./http-session.js";
import type { AnyMeeting } from "./meeting-types.js";
import { MeetingsAdministration } from "./meetings-administration.js";
import { Meetings } from "./meetings.js";
import { OwnAccount } from "./own-account.js";
import { OwnFactors, type Ceremony } from "./own-factors.js";
import { Recordings } from "./recordings.js";
import type { LiveRoom, Page, ParticipantStatistics, RoomParticipant, RoomStatistics } from "./statistics-types.js";
import { getCredential } from "./webauthn.js";
import { Webhooks } from "./webhooks.js";

export interface AccountOptions {
  /** Whether registration is confirmed by mail, and forgotten passwords can be reset by mail. */
  readonly mail: boolean;
  readonly passwordMinLength: number;
  readonly passwordMaxLength: number;
  /** Whether passkeys work at this installation's address. */
  readonly passkeys: boolean;
}

const SECOND_FACTOR = "/v1/auth/login/second-factor";
const STEP_UP = "/v1/auth/step-up";

/**
 * The HTTP services: logging in, joining meetings, live rooms; `meetings` is for who plans and runs them, `recordings` is what was
 * recorded, `account` and `factors` are what is one's own, `administration`, `meetingsAdministration` and `webhooks` are for
 * administrators.
 */
export class ParleyApi {
  readonly account: OwnAccount;
  readonly factors: OwnFactors;
  readonly meetings: Meetings;
  readonly recordings: Recordings;
  readonly administration: Administration;
  readonly meetingsAdministration: MeetingsAdministration;
  readonly webhooks: Webhooks;
  readonly #http: HttpSession;

  constructor(options: { baseUrl?: string } = {}) {
    this.#http = new HttpSession(options.baseUrl ?? "");
    this.account = new OwnAccount(this.#http);
    this.factors = new OwnFactors(this.#http);
    this.meetings = new Meetings(this.#http);
    this.recordings = new Recordings(this.#http);
    this.administration = new Administration(this.#http);
    this.meetingsAdministration = new MeetingsAdministration(this.#http);
    this.webhooks = new Webhooks(this.#http);
  }

  /** Who is logged in, as far as this page knows. */
  get user(): User | null {
    return this.#http.user;
  }

  /**
   * Why there is nobody logged in any more, if the server has ended it or has found no session of an earlier visit; null after logging
   * in, and after `logout`.
   */
  get sessionEnd(): SessionEnd | null {
    return this.#http.ended;
  }

  onUserChange(listener: (user: User | null) => void): () => void {
    return this.#http.onUserChange(listener);
  }

  /** What the installation offers to those who have no account yet. */
  async getAccountOptions(): Promise<AccountOptions> {
    return (await this.#http.fetch("GET", "/v1/auth/options")) as AccountOptions;
  }

  /** Makes an account and logs in; null: a mail with a link to confirm is on its way instead. */
  async register(input: {
    email: string;
    password: string;
    displayName: string;
    locale?: Language;
  }): Promise<User | null> {
    const { email, password, displayName, locale } = input;
    const body = { email, password, display_name: displayName, session: "cookie", ...(locale && { locale }) };
    const answer = await this.#http.open<{ status: string }>("/v1/auth/register", body);
    return "status" in answer ? null : answer;
  }

  /** Makes the account that a mail's link is for; the password is the one that was chosen when registering. */
  async confirmRegistration(input: { token: string; password: string }): Promise<User> {
    return this.#http.open("/v1/auth/register/confirm", { ...input, session: "cookie" });
  }

  /** Has a link for a new password sent, if the address has an account. */
  async forgotPassword(email: string): Promise<void> {
    await this.#http.fetch("POST", "/v1/auth/password/forgotten", { email });
  }

  /** Chooses a new password with a mail's link. All sessions end. */
  async resetPassword(input: { token: string; newPassword: string }): Promise<void> {
    const body = { token: input.token, new_password: input.newPassword };
    await this.#http.fetch("POST", "/v1/auth/password/reset", body);
  }

  /** Takes an old address back with a mail's link and a new password. All sessions end. */
  async undoEmail(input: { token: string; newPassword: string }): Promise<void> {
    const body = { token: input.token, new_password: input.newPassword };
    await this.#http.fetch("POST", "/v1/auth/email/undo", body);
  }

  /** Replaces the first password that an administrator has given, which opens no session (`password_change_required`). Log in then. */
  async replaceInitialPassword(input: { email: string; password: string; newPassword: string }): Promise<void> {
    const { email, password, newPassword } = input;
    await this.#http.fetch("POST", "/v1/auth/password/initial", { email, password, new_password: newPassword });
  }

  /** Logs in, or says that a second factor is needed to finish that. */
  async login(input: { email: string; password: string }): Promise<User | SecondFactorRequired> {
    return this.#http.open<SecondFactorRequired>("/v1/auth/login", { ...input, session: "cookie" });
  }

  /** The login at a provider that waits for a second factor: after coming back to `/sign-in?second_factor=<id>`. */
  async pendingLogin(): Promise<SecondFactorRequired | null> {
    try {
      return (await this.#http.fetch("GET", SECOND_FACTOR)) as SecondFactorRequired;
    } catch (thrown) {
      if (asParleyError(thrown).code === "login_attempt_invalid") return null;
      throw thrown;
    }
  }

  /** Finishes a login with a code. */
  async finishLogin(step: SecondFactorRequired, proof: { method: "totp" | "recovery_code"; code: string }): Promise<User> {
    return this.#http.open(SECOND_FACTOR, { ...proof, ...tokenOf(step), session: "cookie" });
  }

  /** Finishes a login with a passkey; the browser asks for it. */
  async finishLoginWithPasskey(step: SecondFactorRequired, signal?: AbortSignal): Promise<User> {
    const { publicKey } = (await this.#http.fetch("POST", `${SECOND_FACTOR}/passkey-options`, tokenOf(step))) as Ceremony;
    const credential = await getCredential(publicKey, signal && { signal });
    return this.#http.open(SECOND_FACTOR, { method: "passkey", credential, ...tokenOf(step), session: "cookie" });
  }

  /**
   * Logs in with a passkey alone. With `autofill` the browser offers it where the address goes (`autocomplete="username webauthn"`), for
   * as long as it takes; abort that before anything else is asked of passkeys.
   */
  async loginWithPasskey(request: { autofill?: boolean; signal?: AbortSignal } = {}): Promise<User> {
    const begun = (await this.#http.fetch("POST", "/v1/auth/passkeys/login-options", {})) as Ceremony;
    const credential = await getCredential(begun.publicKey, request);
    return this.#http.open("/v1/auth/passkeys/login", { ceremony: begun.ceremony, credential, session: "cookie" });
  }

  /** Proves for the next ten minutes that it is still the account's owner who asks: after `step_up_required`. */
  async stepUp(proof: { password: string } | { method: "totp" | "recovery_code"; code: string }): Promise<void> {
    await this.#http.call("POST", STEP_UP, proof);
  }

  /** As `stepUp`; the browser asks for a passkey. */
  async stepUpWithPasskey(signal?: AbortSignal): Promise<void> {
    const begun = (await this.#http.call("POST", `${STEP_UP}/passkey-options`)) as Ceremony;
    const credential = await getCredential(begun.publicKey, signal && { signal });
    await this.#http.call("POST", STEP_UP, { method: "passkey", ceremony: begun.ceremony, credential });
  }

  /** Where else people of this installation have accounts that they can log in with. */
  async listIdentityProviders(): Promise<readonly IdentityProvider[]> {
    const { items } = (await this.#http.fetch("GET", "/v1/auth/providers")) as { items: IdentityProvider[] };
    return items;
  }

  /**
   * Where to send the browser to log in at an `oidc` provider; it comes back to `returnTo`, a path of this site. A refusal comes
   * back to `/sign-in?error=<code>&provider=<id>&next=<returnTo>`.
   */
  providerLoginAddress(id: string, returnTo: string): string {
    return `${this.#http.baseUrl}${providerPath(id)}/authorize?return_to=${encodeURIComponent(returnTo)}`;
  }

  /** As `login`, with name and password at an `ldap` provider. */
  async loginAtDirectory(
    id: string,
    input: { username: string; password: string },
  ): Promise<User | SecondFactorRequired> {
    return this.#http.open<SecondFactorRequired>(`${providerPath(id)}/login`, { ...input, session: "cookie" });
  }

  /** Goes on with the session of an earlier visit; null if there is none. */
  restore(): Promise<User | null> {
    return this.#http.restore();
  }

  async logout(): Promise<void> {
    await this.#http.end();
  }

  async getMeeting(id: string): Promise<AnyMeeting> {
    return (await this.#call("GET", meetingPath(id))) as AnyMeeting;
  }

  async joinMeeting(
    id: string,
    input: { displayName?: string; passcode?: string; previousToken?: string } = {},
    traceparent: string | null = null,
  ): Promise<JoinTicket> {
    const body = {
      ...(input.displayName === undefined ? {} : { display_name: input.displayName }),
      ...(input.passcode === undefined ? {} : { passcode: input.passcode }),
      ...(input.previousToken === undefined ? {} : { previous_token: input.previousToken }),
    };
    const trace = traceparent === null ? {} : { traceparent };
    return (await this.#http.callVersioned<JoinTicket>("POST", `${meetingPath(id)}/join`, body, trace)).value;
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

  #call(method: string, path: string, body?: unknown): Promise<unknown> {
    return this.#http.call(method, path, body);
  }
}

function tokenOf({ loginToken }: SecondFactorRequired) {
  return loginToken === undefined ? {} : { login_token: loginToken };
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
