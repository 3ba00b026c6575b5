import { io, type Socket } from "socket.io-client";

import { ParleyError } from "./errors.js";
import type { Commands, ConnectAuth, ErrorBody, ServerMessages } from "./wire.js";

/** A command that has not been acknowledged for so long has failed, milliseconds. */
const ACKNOWLEDGEMENT_MS = 10_000;
const CONNECT_MS = 10_000;

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

  constructor(url: string, auth: ConnectAuth, handlers: SignalingHandlers) {
    this.#socket = io(url, {
      transports: ["websocket"],
      auth: { ...auth },
      forceNew: true,
      reconnection: false,
      timeout: CONNECT_MS,
    });
    const names: (keyof ServerMessages)[] = ["welcome", "events", "subscriber_offer", "media_restart", "closing"];
    for (const name of names) {
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
    let answer: Commands[Name]["answer"] | { readonly error: ErrorBody };
    try {
      answer = (await this.#socket.timeout(ACKNOWLEDGEMENT_MS).emitWithAck(name, command)) as typeof answer;
    } catch {
      throw new ParleyError("network", "The meeting does not answer.");
    }
    if ("error" in answer) throw new ParleyError(answer.error.code, answer.error.message);
    return answer;
  }

  close(): void {
    this.#isOpen = false;
    this.#socket.disconnect();
  }
}
