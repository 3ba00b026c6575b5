import type { JoinTicket } from "./api-types.js";
import { Backoff } from "./backoff.js";
import type { JoinWatch } from "./join-watch.js";
import { asParleyError, ParleyError } from "./errors.js";
import type { RoomOptions } from "./room.js";
import { SignalingConnection } from "./signaling.js";
import type { Commands, Resume, ServerMessages } from "./wire.js";

/** A connection that has not come back for so long is given up, milliseconds. */
const GIVE_UP_MS = 120_000;
/** A connection that has held for so long was a good one: its loss is answered at once, milliseconds. */
const GOOD_AFTER_MS = 10_000;
/** A move to another gateway that fails is tried again within so long, milliseconds. */
const MOVE_AGAIN_MS = 1_000;
/** A token is not used when it ends so soon, milliseconds. */
const TOKEN_MARGIN_MS = 15_000;
/** Codes after which trying again can help; `network` is the lack of any answer. */
const PASSING_CODES = new Set(["network", "service_unavailable", "gateway_closing", "keys_unavailable", "rate_limited"]);
/** Codes after which something else can be tried, and how often: without our old place, with a new token. */
const REFUSALS = new Set(["resume_refused", "token_expired"]);
const MAX_REFUSALS = 5;

export interface SessionHandlers {
  readonly onMessage: <Name extends keyof ServerMessages>(name: Name, message: ServerMessages[Name]) => void;
  readonly onReconnecting: () => void;
  /** A new ticket. */
  readonly onTicket: (ticket: JoinTicket) => void;
  /** It does not come back. */
  readonly onFailed: (error: ParleyError) => void;
  /** The last version that the room has applied. */
  readonly version: () => number;
}

async function farewell(connection: SignalingConnection): Promise<void> {
  await connection.send("leave_meeting", {}).catch(() => undefined);
  connection.close();
}

/** The signalling side of one stay in a room: the token, the connection, and its coming back. */
export class RoomSession {
  readonly #options: RoomOptions;
  readonly #handlers: SessionHandlers;
  #connection: SignalingConnection | null = null;
  #ticket: JoinTicket | null = null;
  #ticketUntil = 0;
  #resume: { readonly participantId: string; readonly secret: string } | null = null;
  readonly #backoff = new Backoff();
  readonly #watch: JoinWatch;
  #acceptedAt = 0;
  #isClosed = false;
  #isReconnecting = false;
  /** The connection that stands while another one is made in its place. */
  #leaving: SignalingConnection | null = null;
  #hurry: () => void = () => undefined;

  constructor(options: RoomOptions, watch: JoinWatch, handlers: SessionHandlers) {
    this.#options = options;
    this.#watch = watch;
    this.#handlers = handlers;
  }

  /** A ticket that is good for a while yet. */
  async join(): Promise<JoinTicket> {
    if (this.#ticket !== null && Date.now() < this.#ticketUntil - TOKEN_MARGIN_MS) return this.#ticket;
    const { api, meetingId, displayName, passcode } = this.#options;
    const asked = {
      ...(displayName === undefined ? {} : { displayName }),
      ...(passcode === undefined ? {} : { passcode }),
      ...(this.#ticket === null ? {} : { previousToken: this.#ticket.meetingToken }),
    };
    const ticket = await api.joinMeeting(meetingId, asked, this.#watch.traceparent);
    this.#watch.took("ticket");
    this.#ticket = ticket;
    this.#ticketUntil = Date.now() + ticket.expiresIn * 1000;
    this.#handlers.onTicket(ticket);
    return ticket;
  }

  async open(ticket: JoinTicket): Promise<void> {
    // Left while the ticket was on its way: nobody would close this connection.
    if (this.#isClosed) throw new ParleyError("left", "You have left the meeting.");
    const resume: Resume | null = this.#resume && {
      participant_id: this.#resume.participantId,
      secret: this.#resume.secret,
      version: this.#handlers.version(),
    };
    const connection: SignalingConnection = new SignalingConnection(
      ticket.gatewayUrl,
      { token: ticket.meetingToken, meeting_id: this.#options.meetingId, ...(resume === null ? {} : { resume }) },
      {
        onMessage: (name, message) => {
          if (name === "welcome") this.#remember(message as ServerMessages["welcome"]);
          if (name === "reconnect") void this.#move((message as ServerMessages["reconnect"]).within_ms);
          // That our new connection has replaced it is no news.
          else if (name !== "closing" || connection !== this.#leaving) this.#handlers.onMessage(name, message);
        },
        onLost: () => {
          if (connection === this.#leaving) this.#hurry();
          else this.resume();
        },
      },
    );
    if (this.#leaving === null) this.#connection = connection;
    await connection.opened();
    this.#watch.took("connect");
    this.#connection = connection;
    if (this.#hasLeft()) await farewell(connection);
    this.#acceptedAt = Date.now();
  }

  /** One may leave while something is awaited. */
  #hasLeft(): boolean {
    return this.#isClosed;
  }

  /**
   * The gateway is about to stop: goes on in another connection, and leaves this one when that stands. What fails is tried again until
   * this one is lost. Not all clients come to the next gateway at the same time.
   */
  async #move(withinMs: number): Promise<void> {
    const before = this.#connection;
    if (this.#isClosed || this.#isReconnecting || this.#leaving !== null || before === null) return;
    this.#leaving = before;
    let pauseMs = withinMs / 2;
    let hasMoved = false;
    while (!hasMoved && before.isConnected && !this.#hasLeft()) {
      await this.#unhurried(Math.random() * pauseMs);
      pauseMs = MOVE_AGAIN_MS;
      hasMoved = await this.#openAnother();
    }
    this.#leaving = null;
    before.retire();
    if (!hasMoved) this.resume();
  }

  /** Waits, unless it is called to hurry. */
  async #unhurried(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #openAnother(): Promise<boolean> {
    try {
      await this.open(await this.join());
      return true;
    } catch {
      return false;
    }
  }

  #remember(welcome: ServerMessages["welcome"]): void {
    this.#resume = { participantId: welcome.participant_id, secret: welcome.resume_secret };
  }

  async send<Name extends keyof Commands>(
    name: Name,
    command: Commands[Name]["command"],
  ): Promise<Commands[Name]["answer"]> {
    const connection = this.#connection;
    if (connection === null) throw new ParleyError("network", "The meeting cannot be reached.");
    try {
      return await connection.send(name, command);
    } catch (thrown) {
      // A gateway that is about to stop refuses what comes on a connection that has been replaced: it was not done.
      const next = this.#connection;
      const isReplaced = next !== connection && asParleyError(thrown).code === "participant_not_found";
      if (!isReplaced || next === null) throw thrown;
      return next.send(name, command);
    }
  }

  /** Leaves the connection for a new one, and goes on there. */
  resume(): void {
    // Of what is amiss on a connection that is being left, the next one's welcome is the cure.
    if (this.#isClosed || this.#isReconnecting || this.#leaving !== null) return;
    if (Date.now() - this.#acceptedAt >= GOOD_AFTER_MS) this.#backoff.reset();
    this.#connection?.close();
    this.#handlers.onReconnecting();
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    this.#isReconnecting = true;
    const started = Date.now();
    let refusals = 0;
    for (;;) {
      await this.#backoff.due();
      if (this.#isClosed) break;
      try {
        await this.open(await this.join());
        break;
      } catch (thrown) {
        const error = asParleyError(thrown);
        if (error.code === "left") break;
        if (REFUSALS.has(error.code)) refusals += 1;
        const isPassing = PASSING_CODES.has(error.code) || REFUSALS.has(error.code) || (error.status ?? 0) >= 500;
        if (!isPassing || refusals > MAX_REFUSALS || Date.now() - started > GIVE_UP_MS) {
          this.#handlers.onFailed(error);
          break;
        }
        // The grace period is over, or the room forgot us: come in as somebody new.
        if (error.code === "resume_refused") this.#resume = null;
        if (error.code === "token_expired") this.#ticketUntil = 0;
      }
    }
    this.#isReconnecting = false;
  }

  /** Says goodbye, and closes when that has arrived; a connection that is lost meanwhile does not come back. */
  async leave(): Promise<void> {
    this.#isClosed = true;
    if (this.#connection !== null) await farewell(this.#connection);
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
  }
}
