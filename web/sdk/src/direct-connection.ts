import { peerConfiguration } from "./peer-configuration.js";
import type { TrackSource } from "./room-state.js";

/**
 * The m-lines of a direct connection, in their order: one for each source, whether anything is sent or not, so that nothing needs to be
 * negotiated again.
 */
const LINES: readonly TrackSource[] = ["microphone", "camera", "screen", "screen_audio"];
const MAX_BITRATE: Record<TrackSource, number> = {
  microphone: 40_000,
  camera: 2_500_000,
  screen: 3_000_000,
  screen_audio: 128_000,
};
/** Gathering candidates takes so long at most, milliseconds: what is not there by then is not waited for. */
const GATHERING_MS = 1_000;
/** How often each side says that it is there, and what it receives, milliseconds. */
const BEAT_MS = 300;
/** Nothing has been heard for so long: the path has failed, milliseconds. Pages in the background may beat once a second only. */
const SILENCE_MS = 2_500;
/** Both agree on the data channel without negotiating it (RFC 8832 is not needed). */
const CHANNEL_ID = 1;

type Source = TrackSource;

export interface DirectConnectionHandlers {
  /** What is received, or what the other side receives, has changed. */
  readonly onChange: () => void;
  /** It will not work, or does not work any more. */
  readonly onFailed: () => void;
}

/** One peer connection from client to client. It says by a data channel what it receives, so that the other need not send it twice. */
export class DirectConnection {
  readonly #connection: RTCPeerConnection;
  readonly #channel: RTCDataChannel;
  readonly #handlers: DirectConnectionHandlers;
  readonly #transceivers = new Map<Source, RTCRtpTransceiver>();
  readonly #flowing = new Set<Source>();
  #receivedThere: ReadonlySet<Source> = new Set();
  #heardAt = 0;
  #isWaning = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  constructor(
    readonly session: string,
    iceServers: readonly RTCIceServer[],
    handlers: DirectConnectionHandlers,
  ) {
    this.#handlers = handlers;
    // Through a TURN server a direct path is none.
    this.#connection = new RTCPeerConnection(peerConfiguration(iceServers.filter(isStun)));
    this.#channel = this.#connection.createDataChannel("parley", { negotiated: true, id: CHANNEL_ID, ordered: true });
    this.#channel.addEventListener("open", () => {
      this.#begin();
    });
    this.#channel.addEventListener("message", (event) => {
      this.#hear(event.data);
    });
    this.#channel.addEventListener("close", () => {
      this.#fail();
    });
    this.#connection.addEventListener("connectionstatechange", () => {
      if (this.#connection.connectionState === "failed") this.#fail();
    });
  }

  get connection(): RTCPeerConnection {
    return this.#connection;
  }

  /** The SDP of an offer, with all candidates. */
  async offer(tracks: ReadonlyMap<Source, MediaStreamTrack>): Promise<string> {
    for (const source of LINES) {
      const kind = source === "camera" || source === "screen" ? "video" : "audio";
      const init: RTCRtpTransceiverInit = { direction: "sendrecv", sendEncodings: [{ maxBitrate: MAX_BITRATE[source] }] };
      this.#take(source, this.#connection.addTransceiver(tracks.get(source) ?? kind, init));
    }
    await this.#connection.setLocalDescription();
    return this.#gathered();
  }

  /** The SDP of the answer to an offer, with all candidates. */
  async answer(sdp: string, tracks: ReadonlyMap<Source, MediaStreamTrack>): Promise<string> {
    await this.#connection.setRemoteDescription({ type: "offer", sdp });
    for (const [index, transceiver] of this.#connection.getTransceivers().entries()) {
      const source = LINES[index];
      if (source === undefined) break;
      transceiver.direction = "sendrecv";
      await transceiver.sender.replaceTrack(tracks.get(source) ?? null);
      this.#take(source, transceiver);
    }
    await this.#connection.setLocalDescription();
    await this.#limitBitrates();
    return this.#gathered();
  }

  async accept(sdp: string): Promise<void> {
    if (this.#connection.signalingState === "have-local-offer") {
      await this.#connection.setRemoteDescription({ type: "answer", sdp });
    }
  }

  /** Sends another track, or none, for a source. */
  async replace(source: Source, track: MediaStreamTrack | null): Promise<void> {
    await this.#transceivers.get(source)?.sender.replaceTrack(track);
  }

  /** Receivers of the sources from which something has come. */
  receivers(): ReadonlyMap<Source, RTCRtpReceiver> {
    const receivers = new Map<Source, RTCRtpReceiver>();
    for (const source of this.#flowing) {
      const receiver = this.#transceivers.get(source)?.receiver;
      if (receiver !== undefined) receivers.set(source, receiver);
    }
    return receivers;
  }

  /** The sources that the other side receives on this path. */
  get receivedThere(): ReadonlySet<Source> {
    return this.#receivedThere;
  }

  midOf(source: Source): string | null {
    return this.#transceivers.get(source)?.mid ?? null;
  }

  /** A source is received on another path again. */
  release(source: Source): void {
    this.#flowing.delete(source);
    this.#say();
  }

  /** From now on sends only what the other side still receives here. */
  wane(): void {
    this.#isWaning = true;
    this.#stopUnreceived();
  }

  #stopUnreceived(): void {
    for (const [source, { sender }] of this.#transceivers) {
      if (!this.#receivedThere.has(source)) void sender.replaceTrack(null).catch(() => undefined);
    }
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#connection.close();
  }

  #take(source: Source, transceiver: RTCRtpTransceiver): void {
    this.#transceivers.set(source, transceiver);
    // A received track is unmuted by its first packet.
    transceiver.receiver.track.addEventListener("unmute", () => {
      this.#flowing.add(source);
      this.#say();
      this.#handlers.onChange();
    });
  }

  /** An answerer's encodings are given by the browser; the offerer's were given with the transceivers. */
  async #limitBitrates(): Promise<void> {
    for (const [source, { sender }] of this.#transceivers) {
      const parameters = sender.getParameters();
      for (const encoding of parameters.encodings) encoding.maxBitrate = MAX_BITRATE[source];
      await sender.setParameters(parameters);
    }
  }

  async #gathered(): Promise<string> {
    if (this.#connection.iceGatheringState !== "complete") {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, GATHERING_MS);
        this.#connection.addEventListener("icegatheringstatechange", () => {
          if (this.#connection.iceGatheringState === "complete") resolve();
        });
      });
    }
    return this.#connection.localDescription?.sdp ?? "";
  }

  #begin(): void {
    this.#heardAt = performance.now();
    this.#say();
    this.#timer = setInterval(() => {
      this.#say();
      if (performance.now() - this.#heardAt > SILENCE_MS) this.#fail();
    }, BEAT_MS);
  }

  #say(): void {
    if (this.#channel.readyState === "open") this.#channel.send(JSON.stringify({ receiving: [...this.#flowing] }));
  }

  #hear(data: unknown): void {
    this.#heardAt = performance.now();
    const received = receivedIn(data);
    const before = this.#receivedThere;
    if (received.size === before.size && [...received].every((source) => before.has(source))) return;
    this.#receivedThere = received;
    if (this.#isWaning) this.#stopUnreceived();
    this.#handlers.onChange();
  }

  #fail(): void {
    clearInterval(this.#timer);
    if (!this.#isClosed) this.#handlers.onFailed();
  }
}

function isStun({ urls }: RTCIceServer): boolean {
  return [urls].flat().every((url) => url.startsWith("stun"));
}

/** What the other side says that it receives; of what cannot be understood, nothing. */
function receivedIn(data: unknown): ReadonlySet<Source> {
  try {
    const { receiving } = JSON.parse(String(data)) as { receiving?: unknown };
    return new Set(LINES.filter((source) => Array.isArray(receiving) && receiving.includes(source)));
  } catch {
    return new Set();
  }
}
