import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DirectConnectionHandlers } from "./direct-connection.js";
import { DirectLink } from "./direct-link.js";
import type { TrackSource } from "./room-state.js";

/** Connects to nothing, and says what the test wants. */
class ConnectionDouble {
  readonly receiving = new Map<TrackSource, object>();
  receivedThere: ReadonlySet<TrackSource> = new Set();
  isClosed = false;
  isWaning = false;
  accepted: string | null = null;

  constructor(
    readonly session: string,
    _iceServers: unknown,
    readonly handlers: DirectConnectionHandlers,
  ) {
    connections.push(this);
  }

  offer = () => Promise.resolve("offer");
  answer = (sdp: string) => Promise.resolve(`answer to ${sdp}`);
  accept = (sdp: string) => {
    this.accepted = sdp;
    return Promise.resolve();
  };
  replace = () => Promise.resolve();
  receivers = () => this.receiving;
  release = (source: TrackSource) => this.receiving.delete(source);
  wane = () => {
    this.isWaning = true;
  };
  close = () => {
    this.isClosed = true;
  };
}
const connections: ConnectionDouble[] = [];
vi.mock("./direct-connection.js", () => ({
  get DirectConnection() {
    return ConnectionDouble;
  },
}));

describe("DirectLink", () => {
  let sent: { to: string; session: string; kind: string; sdp: string }[];
  let fromNode: number;
  let link: DirectLink;

  beforeEach(() => {
    vi.useFakeTimers();
    connections.length = 0;
    sent = [];
    fromNode = 7;
    link = new DirectLink({
      tracks: () => new Map(),
      signal: (to, signal) => {
        sent.push({ to, ...signal });
        return Promise.resolve();
      },
      onChange: () => undefined,
      fromNode: () => Promise.resolve(fromNode),
    });
  });
  afterEach(() => {
    link.close();
    vi.useRealTimers();
  });

  const last = () => {
    const connection = connections.at(-1);
    if (connection === undefined) throw new Error("no connection");
    return connection;
  };
  const flows = (connection: ConnectionDouble) => {
    connection.receiving.set("camera", {});
    connection.receivedThere = new Set(["camera"]);
    connection.handlers.onChange();
  };

  it("offers where it is its turn, and takes the answer to that offer alone", async () => {
    link.setPeer({ id: "p_2", offers: true });
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([{ to: "p_2", session: last().session, kind: "offer", sdp: "offer" }]);
    await link.handleSignal("p_2", { session: "another", kind: "answer", sdp: "x" });
    await link.handleSignal("p_3", { session: last().session, kind: "answer", sdp: "y" });
    expect(last().accepted).toBeNull();
    await link.handleSignal("p_2", { session: last().session, kind: "answer", sdp: "z" });
    expect(last().accepted).toBe("z");
  });

  it("waits for the offer where it is the other's turn, and answers nobody else", async () => {
    link.setPeer({ id: "p_1", offers: false });
    await link.handleSignal("p_9", { session: "s", kind: "offer", sdp: "o" });
    expect(connections).toHaveLength(0);
    await link.handleSignal("p_1", { session: "s", kind: "offer", sdp: "o" });
    expect(sent).toEqual([{ to: "p_1", session: "s", kind: "answer", sdp: "answer to o" }]);
  });

  it("keeps what it receives until it comes from the node again", async () => {
    link.setPeer({ id: "p_2", offers: true });
    flows(last());
    expect([...link.receivedThere]).toEqual(["camera"]);
    link.setPeer(null);
    await vi.advanceTimersByTimeAsync(200);
    expect(last().isWaning).toBe(true);
    expect([link.receivedThere.size, link.receivers().size, last().isClosed]).toEqual([0, 1, false]);
    fromNode += 1;
    await vi.advanceTimersByTimeAsync(100);
    expect([link.receivers().size, last().isClosed]).toEqual([0, false]);
    last().receivedThere = new Set();
    await vi.advanceTimersByTimeAsync(100);
    expect(last().isClosed).toBe(true);
  });

  it("does not wait for ever", async () => {
    link.setPeer({ id: "p_2", offers: true });
    flows(last());
    link.setPeer(null);
    await vi.advanceTimersByTimeAsync(11_000);
    expect([link.receivers().size, last().isClosed]).toEqual([0, true]);
  });

  it("tries again after a failure, and after an attempt that brings nothing, later each time", async () => {
    link.setPeer({ id: "p_2", offers: true });
    last().handlers.onFailed();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(connections).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(10_000);
    await vi.advanceTimersByTimeAsync(14_000);
    expect(connections).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(connections).toHaveLength(3);
    link.setPeer(null);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(connections).toHaveLength(3);
  });
});
