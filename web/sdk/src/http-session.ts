import { camelCased, type User } from "./api-types.js";
import { ParleyError } from "./errors.js";

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
  readonly methods?: readonly string[];
}

/** Header fields that a request may have: `If-Match` (RFC 9110), `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), `traceparent` (W3C). */
type Conditions = Readonly<Partial<Record<"If-Match" | "Idempotency-Key" | "traceparent", string>>>;

interface SendOptions {
  readonly conditions?: Conditions;
  readonly read?: (response: Response) => Promise<unknown>;
  readonly signal?: AbortSignal | null;
}

/** An answer, and the version of what it tells of (`ETag`); null where it has none. */
export interface Versioned<Value> {
  readonly value: Value;
  readonly version: string | null;
}

/** Asks for something to be done to this version alone. */
export function ifMatch(version: string | null | undefined): Conditions {
  return version == null ? {} : { "If-Match": version };
}

/** Names a request, so that sent again it is answered as before. */
export function idempotently(requestKey: string | undefined): Conditions {
  return requestKey === undefined ? {} : { "Idempotency-Key": requestKey };
}

/** Why a session goes on no more. `session_expired`: it has ended, here or elsewhere, or there was none. */
export type SessionEnd = "session_expired" | "account_suspended";

/** An access token is renewed so long before it ends, milliseconds. */
const RENEW_EARLY_MS = 30_000;
/** Codes of 401 that are about what a request proves in its body. */
const PROOFS = new Set(["invalid_credentials", "factor_invalid"]);
/** Only one request of all tabs uses or sets the refresh cookie at a time: it changes with each use. */
const COOKIE_LOCK = "parley-refresh";
/** Such a request is given up after so long, milliseconds: without that, one that hangs would lock out all tabs for as long. */
const LOCKED_MS = 30_000;

/**
 * Requests to the HTTP services, in the name of who is logged in. The access token lives in memory alone; the refresh token in a
 * cookie that no script can read.
 */
export class HttpSession {
  readonly baseUrl: string;
  #user: User | null = null;
  #access: { readonly token: string; readonly until: number } | null = null;
  #ended: SessionEnd | null = null;
  #refreshing: Promise<User | null> | null = null;
  readonly #listeners = new Set<(user: User | null) => void>();

  constructor(baseUrl: string) {
    this.baseUrl = baseUrl;
  }

  /** Who is logged in, as far as this page knows. */
  get user(): User | null {
    return this.#user;
  }

  /** Why the last session goes on no more, if the server has said so; null after logging in, and after logging out. */
  get ended(): SessionEnd | null {
    return this.#ended;
  }

  onUserChange(listener: (user: User | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes what the server says of who is logged in. */
  setUser(user: User | null): void {
    if (user === this.#user) return;
    this.#user = user;
    for (const listener of this.#listeners) listener(user);
  }

  /** Goes on with the session of an earlier visit; null if there is none. */
  restore(): Promise<User | null> {
    this.#refreshing ??= navigator.locks
      .request(COOKIE_LOCK, () => this.#refresh())
      .finally(() => {
        this.#refreshing = null;
      });
    return this.#refreshing;
  }

  /** Forgets the session. */
  close(ended: SessionEnd | null = null): void {
    this.#access = null;
    this.#ended = ended;
    this.setUser(null);
  }

  /**
   * A request that may be answered with a session, which is taken; else the answer. It waits for a renewal that is under way: the
   * answer to that is about the former session, and must not end the new one.
   */
  open<Other = never>(path: string, body: unknown): Promise<User | Other> {
    return navigator.locks.request(COOKIE_LOCK, () => this.#open<Other>(path, body));
  }

  async #open<Other = never>(path: string, body: unknown): Promise<User | Other> {
    const answer = (await this.#postLocked(path, body)) as SessionAnswer | Other;
    if (!isSession(answer)) return answer;
    this.#take(answer);
    return answer.user;
  }

  /** Logs out. It waits for a renewal that is under way, which would go on with the session otherwise. */
  end(): Promise<void> {
    return navigator.locks.request(COOKIE_LOCK, async () => {
      try {
        await this.#postLocked("/v1/auth/logout", {});
      } finally {
        this.close();
      }
    });
  }

  /** For whoever holds the lock. */
  async #postLocked(path: string, body: unknown): Promise<unknown> {
    return camelCased((await this.#send("POST", path, body, null, { signal: AbortSignal.timeout(LOCKED_MS) })).value);
  }

  /** A call in the user's name where someone is logged in; renews the access token when it is over. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    return camelCased(await this.callRaw(method, path, body));
  }

  /** A call whose answer is left as the server has written it. */
  async callRaw(method: string, path: string, body?: unknown): Promise<unknown> {
    return (await this.#callAsUser(method, path, body, {})).value;
  }

  /** As `call`, of something that has versions. `conditions`: header fields by which the server decides whether to do it. */
  async callVersioned<Value>(
    method: string,
    path: string,
    body?: unknown,
    conditions: Conditions = {},
  ): Promise<Versioned<Value>> {
    const { value, version } = await this.#callAsUser(method, path, body, conditions);
    return { value: camelCased(value) as Value, version };
  }

  /** A file, to be kept as it is. */
  async download(path: string): Promise<Blob> {
    return (await this.#callAsUser("GET", path, undefined, {}, (response) => response.blob())).value as Blob;
  }

  async #callAsUser(
    method: string,
    path: string,
    body: unknown,
    conditions: Conditions,
    read = readJson,
  ): Promise<Versioned<unknown>> {
    const caller = this.#user;
    if (this.#access !== null && this.#access.until - RENEW_EARLY_MS < Date.now()) await this.#renewFor(caller);
    const token = this.#access?.token ?? null;
    try {
      return await this.#send(method, path, body, token, { conditions, read });
    } catch (error) {
      if (!(error instanceof ParleyError) || error.status !== 401 || token === null) throw error;
      if (PROOFS.has(error.code)) throw error; // something in the body, not the token
      if ((await this.#renewFor(caller)) === null) throw error;
      return this.#send(method, path, body, this.#access?.token ?? null, { conditions, read });
    }
  }

  /** Another tab may have logged in as somebody else: what one person has asked for is not done in the other one's name. */
  async #renewFor(caller: User | null): Promise<User | null> {
    const user = await this.restore();
    if (user === null || user.id === caller?.id) return user;
    throw new ParleyError("session_expired", "Somebody else has logged in meanwhile.", { status: 401 });
  }

  /** A request in nobody's name. */
  async fetch(method: string, path: string, body?: unknown): Promise<unknown> {
    return camelCased((await this.#send(method, path, body, null)).value);
  }

  #take(session: SessionAnswer): void {
    this.#ended = null;
    this.#access = { token: session.accessToken, until: Date.now() + session.expiresIn * 1000 };
    this.setUser(session.user);
  }

  async #refresh(): Promise<User | null> {
    try {
      await this.#open("/v1/auth/refresh", {});
    } catch (error) {
      // Without a cookie, or with one that has ended, there is no session: that is an answer, not a failure.
      if (!(error instanceof ParleyError) || error.status === undefined || error.status >= 500) throw error;
      this.close(error.code === "account_suspended" ? "account_suspended" : "session_expired");
    }
    return this.#user;
  }

  async #send(
    method: string,
    path: string,
    body: unknown,
    token: string | null,
    { conditions = {}, read = readJson, signal = null }: SendOptions = {},
  ): Promise<Versioned<unknown>> {
    let response: Response;
    try {
      response = await fetch(this.baseUrl + path, {
        method,
        headers: {
          Accept: "application/json",
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
          ...conditions,
        },
        credentials: "same-origin",
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      throw unreachable();
    }
    const version = response.headers.get("ETag");
    if (response.status === 204) return { value: null, version };
    if (response.ok) return { value: await read(response), version };
    throw problemError(response.status, (await readJson(response)) as Problem | null, response.headers.get("Retry-After"));
  }
}

/** What the body says; null where it is no JSON. */
function readJson(response: Response): Promise<unknown> {
  return response.json().catch((thrown: unknown) => {
    if (thrown instanceof SyntaxError) return null;
    throw unreachable(); // the connection broke, or it took too long
  });
}

function unreachable(): ParleyError {
  return new ParleyError("network", "The server cannot be reached. Check your connection and try again.");
}

function isSession(answer: unknown): answer is SessionAnswer {
  return typeof answer === "object" && answer !== null && "accessToken" in answer;
}

/** A problem document (RFC 9457) as an error. `retryAfter`: the header field, in seconds (RFC 9110, 10.2.3). */
export function problemError(status: number, problem: Problem | null, retryAfter: string | null = null): ParleyError {
  const fields = Object.fromEntries((problem?.errors ?? []).map((error) => [error.field, error.message]));
  const message = problem?.detail ?? problem?.title ?? "The server could not answer. Try again in a moment.";
  const retryAfterS = /^\d+$/.test(retryAfter ?? "") ? Number(retryAfter) : undefined;
  return new ParleyError(problem?.code ?? "internal", message, { status, fields, retryAfterS, methods: problem?.methods });
}
