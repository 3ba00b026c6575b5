import { Backoff } from "./backoff.js";
import { ConnectionWatch } from "./connection-watch.js";
import { peerConfiguration } from "./peer-configuration.js";
import { persist } from "./persistence.js";
import type { OfferedTrack, SubscriberAnswer, SubscriberOffer } from "./wire.js";

/** An answer that fails is sent again within so long, milliseconds: a newer offer waits for no more than that. */
const ANSWER_AGAIN_MS = 1_000;

export interface SubscribingHandlers {
  readonly answer: (answer: SubscriberAnswer) => Promise<unknown>;
  /** The received tracks have changed: receivers by track id. */
  readonly onTracks: (receivers: ReadonlyMap<string, RTCRtpReceiver>) => void;
  /** Decrypts what a receiver receives of a participant's track, in an encrypted meeting. */
  readonly protect: ((receiver: RTCRtpReceiver, track: OfferedTrack) => void) | null;
  readonly onState: (state: RTCPeerConnectionState) => void;
  /** The connection has failed, or does not come about: the node is to offer a new one. */
  readonly onLost: () => void;
  readonly onError: (error: unknown) => void;
}

/** The subscribing peer connection: offered by the node, answered one offer after the other; of waiting offers only the newest counts. */
export class SubscribingConnection {
  #connection: RTCPeerConnection | null = null;
  /** Made in advance, so that its candidates are there when the first offer comes. */
  #spare: RTCPeerConnection | null;
  #generation = 0;
  #waiting: SubscriberOffer | null = null;
  #offered: ReadonlyMap<RTCRtpReceiver, OfferedTrack> = new Map();
  #isRunning = false;
  #isClosed = false;
  readonly #watch = new ConnectionWatch();
  #isLate = false;
  #iceServers: readonly RTCIceServer[] = [];
  readonly #policy: RTCIceTransportPolicy;
  readonly #handlers: SubscribingHandlers;

  constructor(handlers: SubscribingHandlers, policy: RTCIceTransportPolicy = "all") {
    this.#handlers = handlers;
    this.#policy = policy;
    this.#spare = new RTCPeerConnection(peerConfiguration([], policy));
  }

  /** Before the first offer for the first connection; later for those to come. */
  setIceServers(iceServers: readonly RTCIceServer[]): void {
    this.#iceServers = iceServers;
    this.#spare?.setConfiguration(peerConfiguration(iceServers, this.#policy));
  }

  get connection(): RTCPeerConnection | null {
    return this.#connection;
  }

  /** The connection has failed, or has not come about in time. */
  get isLost(): boolean {
    return this.#isLate || this.#connection?.connectionState === "failed";
  }

  handleOffer(offer: SubscriberOffer): void {
    if (this.#isClosed || offer.generation < this.#generation) return;
    this.#waiting = offer;
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting !== null && !this.#isClosed) {
      const offer = this.#waiting;
      this.#waiting = null;
      try {
        await this.#apply(offer);
      } catch (error) {
        this.#handlers.onError(error);
      }
    }
    this.#isRunning = false;
  }

  async #apply(offer: SubscriberOffer): Promise<void> {
    const connection = this.#connectionFor(offer.generation);
    await connection.setRemoteDescription({ type: "offer", sdp: offer.sdp });
    const receivers = new Map<string, RTCRtpReceiver>();
    const offered = new Map<RTCRtpReceiver, OfferedTrack>();
    for (const transceiver of connection.getTransceivers()) {
      const track = offer.tracks.find((candidate) => candidate.mid === transceiver.mid);
      if (track === undefined) continue;
      // Before the answer: no frame comes without it.
      this.#handlers.protect?.(transceiver.receiver, track);
      offered.set(transceiver.receiver, track);
      receivers.set(track.track_id, transceiver.receiver);
    }
    this.#offered = offered;
    this.#handlers.onTracks(receivers);
    await connection.setLocalDescription();
    const { generation, negotiation } = offer;
    const sdp = connection.localDescription?.sdp ?? "";
    await persist(
      () => this.#handlers.answer({ generation, negotiation, sdp }),
      () => !this.#isClosed && this.#waiting === null,
      new Backoff(ANSWER_AGAIN_MS),
    );
  }

  /** What the room knows of its tracks may have changed. */
  protectAgain(): void {
    for (const [receiver, track] of this.#offered) this.#handlers.protect?.(receiver, track);
  }

  #connectionFor(generation: number): RTCPeerConnection {
    if (this.#connection !== null && generation === this.#generation) return this.#connection;
    this.#connection?.close();
    this.#generation = generation;
    const connection = this.#spare ?? new RTCPeerConnection(peerConfiguration(this.#iceServers, this.#policy));
    this.#spare = null;
    this.#isLate = false;
    connection.addEventListener("connectionstatechange", () => {
      if (connection !== this.#connection || this.#isClosed) return;
      this.#isLate = false;
      this.#handlers.onState(connection.connectionState);
      if (this.isLost) this.#handlers.onLost();
    });
    void this.#watch.isLate(connection).then((late) => {
      if (!late || connection !== this.#connection || this.#isClosed) return;
      this.#isLate = true;
      this.#handlers.onLost();
    });
    this.#connection = connection;
    return connection;
  }

  close(): void {
    this.#isClosed = true;
    this.#spare?.close();
    this.#connection?.close();
  }
}
