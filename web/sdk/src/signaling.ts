import { io, type Socket } from "socket.io-client";

import { ParleyError } from "./errors.js";
import type { Commands, ConnectAuth, ErrorBody, ServerMessages } from "./wire.js";

/** A command that has not been acknowledged for so long has failed, milliseconds. */
const ACKNOWLEDGEMENT_MS = 10_000;
const CONNECT_MS = 10_000;
/** All that a gateway says; the type sees to it that none is missing. */
const NAMES = Object.keys({
  welcome: true,
  waiting: true,
  lobby_message: true,
  room: true,
  chat: true,
  events: true,
  subscriber_offer: true,
  track_starved: true,
  cameras_shown: true,
  sound_changed: true,
  connection_quality: true,
  active_speakers: true,
  layers_wanted: true,
  media_restart: true,
  reconnect: true,
  closing: true,
} satisfies Record<keyof ServerMessages, true>) as (keyof ServerMessages)[];

export interface SignalingHandlers {
  readonly onMessage: <Name extends keyof ServerMessages>(name: Name, message: ServerMessages[Name]) => void;
  /** The connection is gone, and was not closed by us. */
  readonly onLost: () => void;
}

/** One Socket.IO connection to a gateway. It does not come back by itself: the room makes a new one, and resumes. */
export class SignalingConnection {
  readonly #socket: Socket;
  #isOpen = true;
  #isAccepted = false;
  /** What has not been answered yet. */
  readonly #asked = new Set<Promise<unknown>>();

  constructor(url: string, auth: ConnectAuth, handlers: SignalingHandlers) {
    this.#socket = io(url, {
      transports: ["websocket"],
      auth: { ...auth },
      forceNew: true,
      reconnection: false,
      timeout: CONNECT_MS,
    });
    for (const name of NAMES) {
      this.#socket.on(name, (message: ServerMessages[typeof name]) => {
        if (this.#isOpen) handlers.onMessage(name, message);
      });
    }
    this.#socket.on("disconnect", () => {
      if (this.#isOpen && this.#isAccepted) handlers.onLost();
    });
  }

  /** Resolves when the gateway has accepted the connection; its `welcome` follows. */
  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (refusal?: ErrorBody): void => {
        clearTimeout(timer);
        if (this.#isAccepted) return;
        this.close();
        reject(
          refusal === undefined
            ? new ParleyError("network", "The meeting cannot be reached.")
            : new ParleyError(refusal.code, refusal.message),
        );
      };
      // The library's own time limit ends when the WebSocket is open; a gateway may close it, or be silent, after that.
      const timer = setTimeout(fail, CONNECT_MS);
      this.#socket.once("connect", () => {
        clearTimeout(timer);
        this.#isAccepted = true;
        resolve();
      });
      this.#socket.once("connect_error", (error: Error & { data?: unknown }) => {
        fail(error.data as ErrorBody | undefined);
      });
      this.#socket.once("disconnect", () => {
        fail();
      });
    });
  }

  /** Sends a command; rejects with the gateway's error, or with `network` when no answer comes. */
  async send<Name extends keyof Commands>(
    name: Name,
    command: Commands[Name]["command"],
  ): Promise<Commands[Name]["answer"]> {
    // The library would keep it for a connection that never comes.
    if (!this.#isOpen) throw new ParleyError("network", "The meeting cannot be reached.");
    let answer: Commands[Name]["answer"] | { readonly error: ErrorBody };
    try {
      const asked: Promise<unknown> = this.#socket.timeout(ACKNOWLEDGEMENT_MS).emitWithAck(name, command);
      this.#asked.add(asked);
      void asked.finally(() => this.#asked.delete(asked)).catch(() => undefined);
      answer = (await asked) as typeof answer;
    } catch {
      throw new ParleyError("network", "The meeting does not answer.");
    }
    if ("error" in answer) throw new ParleyError(answer.error.code, answer.error.message);
    return answer;
  }

  get isConnected(): boolean {
    return this.#socket.connected;
  }

  /** Another connection goes on: this one says nothing any more, and is closed when what was asked on it is answered. */
  retire(): void {
    this.#isOpen = false;
    void Promise.allSettled(this.#asked).then(() => this.#socket.disconnect());
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.disconnect();
  }
}
