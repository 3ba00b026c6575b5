import { DirectConnection } from "./direct-connection.js";
import type { TrackSource } from "./room-state.js";

/** After a failure the direct path is tried again, later each time, milliseconds: most often it was only a moment's. */
const RETRY_MS = [2_000, 15_000, 60_000, 240_000];
/** An attempt that has not brought anything by then has failed, milliseconds. */
const ATTEMPT_MS = 10_000;
/** So long the direct path is kept for media to come from the node again, milliseconds. */
const LINGER_MS = 5_000;
/** How often it is looked whether it does. */
const LOOK_MS = 50;

type Source = TrackSource;

/** With whom one is alone, and who offers. */
export interface Peer {
  readonly id: string;
  readonly offers: boolean;
}

export interface DirectLinkOptions {
  readonly tracks: () => ReadonlyMap<Source, MediaStreamTrack>;
  readonly signal: (to: string, signal: { session: string; kind: "offer" | "answer"; sdp: string }) => Promise<unknown>;
  /** What is received directly, or received directly by the other one, has changed. */
  readonly onChange: () => void;
  /** Frames (or packets of sound) of the peer's source that have come from the node so far; null where there is none to wait for. */
  readonly fromNode: (source: Source) => Promise<number | null>;
}

/**
 * The direct path between two who are alone. It comes beside the node's, is used once media flows on it, and is given up only when media
 * flows through the node again, so that nobody sees a gap. `peer` says with whom it is to be; the room decides that.
 */
export class DirectLink {
  readonly #options: DirectLinkOptions;
  #peer: Peer | null = null;
  #current: DirectConnection | null = null;
  /** Connections that are given up, until media flows through the node. */
  readonly #leaving = new Set<DirectConnection>();
  #iceServers: readonly RTCIceServer[] = [];
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #attempt: ReturnType<typeof setTimeout> | undefined;

  constructor(options: DirectLinkOptions) {
    this.#options = options;
  }

  setIceServers(iceServers: readonly RTCIceServer[]): void {
    this.#iceServers = iceServers;
  }

  /** With whom there is to be a direct path; null: with nobody. */
  setPeer(peer: Peer | null): void {
    if (peer?.id === this.#peer?.id) return;
    this.#peer = peer;
    this.#failures = 0;
    this.#giveUp();
    this.#begin();
  }

  async handleSignal(from: string, signal: { session: string; kind: string; sdp: string }): Promise<void> {
    if (from !== this.#peer?.id) return;
    if (signal.kind === "answer") {
      if (this.#current?.session === signal.session) await this.#current.accept(signal.sdp);
      return;
    }
    if (this.#peer.offers) return;
    this.#giveUp();
    const connection = this.#open(signal.session);
    const sdp = await connection.answer(signal.sdp, this.#options.tracks());
    if (connection === this.#current) await this.#options.signal(from, { session: signal.session, kind: "answer", sdp });
  }

  /** Another track of ours, or none. */
  async replace(source: Source, track: MediaStreamTrack | null): Promise<void> {
    await this.#current?.replace(source, track);
  }

  /** Receivers of what comes directly, also while it is being given up. */
  receivers(): ReadonlyMap<Source, RTCRtpReceiver> {
    const receivers = new Map<Source, RTCRtpReceiver>();
    for (const connection of [...this.#leaving, ...(this.#current === null ? [] : [this.#current])]) {
      for (const [source, receiver] of connection.receivers()) receivers.set(source, receiver);
    }
    return receivers;
  }

  /** The sources that need not go to the node: the other one has them. */
  get receivedThere(): ReadonlySet<Source> {
    return this.#current?.receivedThere ?? new Set();
  }

  /** The connection in use, for statistics. */
  get current(): DirectConnection | null {
    return this.#current ?? [...this.#leaving].at(-1) ?? null;
  }

  close(): void {
    this.#peer = null;
    clearTimeout(this.#retry);
    clearTimeout(this.#attempt);
    this.#current?.close();
    this.#current = null;
    for (const connection of this.#leaving) connection.close();
    this.#leaving.clear();
  }

  #begin(): void {
    clearTimeout(this.#retry);
    const peer = this.#peer;
    if (peer?.offers !== true) return;
    const connection = this.#open(crypto.randomUUID());
    void connection
      .offer(this.#options.tracks())
      .then(async (sdp) => {
        if (connection !== this.#current) return;
        await this.#options.signal(peer.id, { session: connection.session, kind: "offer", sdp });
      })
      .catch(() => {
        this.#failed(connection);
      });
  }

  #open(session: string): DirectConnection {
    const connection: DirectConnection = new DirectConnection(session, this.#iceServers, {
      onChange: () => {
        clearTimeout(this.#attempt);
        this.#options.onChange();
      },
      onFailed: () => {
        this.#failed(connection);
      },
    });
    this.#current = connection;
    this.#attempt = setTimeout(() => {
      this.#failed(connection);
    }, ATTEMPT_MS);
    return connection;
  }

  #failed(connection: DirectConnection): void {
    if (connection !== this.#current) return;
    this.#giveUp();
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      this.#begin();
    }, wait);
  }

  /** Back to the node: from now on we send there again; what we receive changes over source by source, as it comes. */
  #giveUp(): void {
    clearTimeout(this.#attempt);
    const connection = this.#current;
    if (connection === null) return;
    this.#current = null;
    this.#leaving.add(connection);
    connection.wane();
    this.#options.onChange();
    const sources = [...connection.receivers().keys()];
    void Promise.all(sources.map((source) => this.#changeOver(connection, source))).then(async () => {
      await this.#releasedThere(connection);
      this.#leaving.delete(connection);
      connection.close();
    });
  }

  async #changeOver(connection: DirectConnection, source: Source): Promise<void> {
    const before = await this.#options.fromNode(source);
    await until(async () => {
      const now = await this.#options.fromNode(source);
      return !this.#leaving.has(connection) || now === null || before === null || now > before;
    });
    connection.release(source);
    this.#options.onChange();
  }

  /** The other side must not lose what it still receives from us. */
  async #releasedThere(connection: DirectConnection): Promise<void> {
    await until(() => Promise.resolve(!this.#leaving.has(connection) || connection.receivedThere.size === 0));
  }
}

/** Resolves once it is so, or when it has taken too long. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + LINGER_MS;
  while (!(await isSo()) && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
