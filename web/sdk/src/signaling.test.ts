import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ParleyError } from "./errors.js";
import { SignalingConnection } from "./signaling.js";

type Listener = (argument?: unknown) => void;

/** Stands in for Socket.IO's client: it says nothing unless told to. */
class SocketDouble {
  readonly sent: string[] = [];
  isDisconnected = false;
  #isConnected = false;
  readonly #listeners: { readonly event: string; readonly listener: Listener }[] = [];

  on(event: string, listener: Listener): void {
    this.#listeners.push({ event, listener });
  }

  once(event: string, listener: Listener): void {
    this.on(event, listener);
  }

  hears(event: string, argument?: unknown): void {
    this.#isConnected = event === "connect";
    for (const one of this.#listeners) if (one.event === event) one.listener(argument);
  }

  timeout(): { emitWithAck: (name: string) => Promise<object> } {
    return {
      emitWithAck: (name) => {
        this.sent.push(name);
        return Promise.resolve({});
      },
    };
  }

  disconnect(): void {
    this.isDisconnected = true;
    if (this.#isConnected) this.hears("disconnect");
  }
}

let socket: SocketDouble;
vi.mock("socket.io-client", () => ({ io: () => (socket = new SocketDouble()) }));

const LONG_MS = 60_000;

describe("SignalingConnection", () => {
  let connection: SignalingConnection;
  let losses: number;
  let outcome: Promise<unknown>;

  beforeEach(() => {
    vi.useFakeTimers();
    losses = 0;
    connection = new SignalingConnection("https://gateway.test", { token: "t", meeting_id: "m" }, {
      onMessage: () => undefined,
      onLost: () => {
        losses += 1;
      },
    });
    outcome = connection.opened().then(
      () => "accepted",
      (error: unknown) => error,
    );
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("gives up a gateway that opens the connection and never accepts it", async () => {
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(await outcome).toMatchObject({ code: "network" });
    expect(socket.isDisconnected).toBe(true);
    expect(losses).toBe(0);
  });

  it("does not wait for a gateway that closes the connection before it accepts it", async () => {
    socket.hears("disconnect", "transport close");
    expect(await outcome).toMatchObject({ code: "network" });
    expect(losses).toBe(0);
  });

  it("passes a refusal on", async () => {
    socket.hears("connect_error", Object.assign(new Error("refused"), { data: { code: "token_expired", message: "Over." } }));
    expect(await outcome).toEqual(new ParleyError("token_expired", "Over."));
  });

  it("stays open once it is accepted, and tells when it is lost", async () => {
    socket.hears("connect");
    expect(await outcome).toBe("accepted");
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(socket.isDisconnected).toBe(false);
    socket.hears("disconnect", "transport close");
    expect(losses).toBe(1);
  });

  it("refuses commands at once when it is closed: nobody would answer them", async () => {
    socket.hears("connect");
    await connection.send("send_chat", { text: "hi" });
    connection.close();
    await expect(connection.send("send_chat", { text: "hi" })).rejects.toMatchObject({ code: "network" });
    expect(socket.sent).toEqual(["send_chat"]);
    expect(losses).toBe(0);
  });
});
