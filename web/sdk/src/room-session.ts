import type { JoinTicket } from "./api-types.js";
import { asParleyError, ParleyError } from "./errors.js";
import type { RoomOptions } from "./room.js";
import { SignalingConnection } from "./signaling.js";
import type { Commands, Resume, ServerMessages } from "./wire.js";

/** After the first failure, milliseconds; doubled with each, up to the last. */
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
/** A connection that has not come back for so long is given up, milliseconds. */
const GIVE_UP_MS = 120_000;
/** A token is not used when it ends so soon, milliseconds. */
const TOKEN_MARGIN_MS = 15_000;
/** Codes after which trying again can help; `network` is the lack of any answer. */
const PASSING_CODES = new Set(["network", "service_unavailable", "gateway_closing", "keys_unavailable", "rate_limited"]);

export interface SessionHandlers {
  readonly onMessage: <Name extends keyof ServerMessages>(name: Name, message: ServerMessages[Name]) => void;
  readonly onReconnecting: () => void;
  /** It does not come back. */
  readonly onFailed: (error: ParleyError) => void;
  /** The last version that the room has applied. */
  readonly version: () => number;
}

/** The signalling side of one stay in a room: the token, the connection, and its coming back. */
export class RoomSession {
  readonly #options: RoomOptions;
  readonly #handlers: SessionHandlers;
  #connection: SignalingConnection | null = null;
  #ticket: JoinTicket | null = null;
  #ticketUntil = 0;
  #resume: { readonly participantId: string; readonly secret: string } | null = null;
  #isClosed = false;
  #isReconnecting = false;

  constructor(options: RoomOptions, handlers: SessionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  /** A ticket that is good for a while yet. */
  async join(): Promise<JoinTicket> {
    if (this.#ticket !== null && Date.now() < this.#ticketUntil - TOKEN_MARGIN_MS) return this.#ticket;
    const { api, meetingId, displayName } = this.#options;
    const ticket = await api.joinMeeting(meetingId, {
      ...(displayName === undefined ? {} : { displayName }),
      ...(this.#ticket === null ? {} : { previousToken: this.#ticket.meetingToken }),
    });
    this.#ticket = ticket;
    this.#ticketUntil = Date.now() + ticket.expiresIn * 1000;
    return ticket;
  }

  async open(ticket: JoinTicket): Promise<void> {
    const resume: Resume | null = this.#resume && {
      participant_id: this.#resume.participantId,
      secret: this.#resume.secret,
      version: this.#handlers.version(),
    };
    const connection = new SignalingConnection(
      ticket.gatewayUrl,
      { token: ticket.meetingToken, meeting_id: this.#options.meetingId, ...(resume === null ? {} : { resume }) },
      {
        onMessage: (name, message) => {
          if (name === "welcome") this.#remember(message as ServerMessages["welcome"]);
          this.#handlers.onMessage(name, message);
        },
        onLost: () => {
          this.resume();
        },
      },
    );
    this.#connection = connection;
    await connection.opened();
  }

  #remember(welcome: ServerMessages["welcome"]): void {
    this.#resume = { participantId: welcome.participant_id, secret: welcome.resume_secret };
  }

  send<Name extends keyof Commands>(name: Name, command: Commands[Name]["command"]): Promise<Commands[Name]["answer"]> {
    if (this.#connection === null) return Promise.reject(new ParleyError("network", "The meeting cannot be reached."));
    return this.#connection.send(name, command);
  }

  /** Leaves the connection for a new one, and goes on there. */
  resume(): void {
    if (this.#isClosed || this.#isReconnecting) return;
    this.#connection?.close();
    this.#handlers.onReconnecting();
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    this.#isReconnecting = true;
    const started = Date.now();
    let wait = FIRST_RETRY_MS;
    for (;;) {
      if (this.#isClosed) break;
      try {
        await this.open(await this.join());
        break;
      } catch (thrown) {
        const error = asParleyError(thrown);
        if (error.code === "resume_refused") {
          // The grace period is over, or the room forgot us: come in as somebody new.
          this.#resume = null;
          continue;
        }
        if (error.code === "token_expired") {
          this.#ticketUntil = 0;
          continue;
        }
        const isPassing = PASSING_CODES.has(error.code) || (error.status ?? 0) >= 500;
        if (!isPassing || Date.now() - started > GIVE_UP_MS) {
          this.#handlers.onFailed(error);
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
        wait = Math.min(wait * 2, LAST_RETRY_MS);
      }
    }
    this.#isReconnecting = false;
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
  }
}
