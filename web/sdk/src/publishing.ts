import { ConnectionWatch } from "./connection-watch.js";
import { encodingsOf, encryptable, type VideoPreferences } from "./encodings.js";
import { peerConfiguration } from "./peer-configuration.js";
import { persist } from "./persistence.js";
import type { TrackSource } from "./room-state.js";
import type { PublishAnswer, PublishedTrack } from "./wire.js";

interface Slot {
  readonly transceiver: RTCRtpTransceiver;
  isPublished: boolean;
  muted: boolean;
  /** It goes another way at the moment. */
  isPaused: boolean;
  /** Changes of what is sent, one after the other. */
  adjusting: Promise<void>;
}

export interface PublishingHandlers {
  /** Sends the offer to the gateway. */
  readonly offer: (sdp: string, tracks: PublishedTrack[]) => Promise<PublishAnswer>;
  /** Tells the room of a mute or unmute that was made while the offer was on its way. */
  readonly mute: (trackId: string, muted: boolean) => Promise<unknown>;
  /** Encrypts what a sender sends, in an encrypted meeting. */
  readonly protect: ((sender: RTCRtpSender, source: TrackSource) => void) | null;
  readonly onState: (state: RTCPeerConnectionState) => void;
  /** Gets servers whose credentials hold, by `setIceServers`; keeps those that there are if it cannot. */
  readonly renewServers: () => Promise<void>;
  /** A negotiation has failed; the room decides what comes next. */
  readonly onError: (error: unknown) => void;
}

/**
 * The publishing peer connection: offered by us. Changes are made at once and negotiated one after the other; those that come
 * while a negotiation runs are in the next one together.
 */
export class PublishingConnection {
  readonly #connection: RTCPeerConnection;
  readonly #slots = new Map<TrackSource, Slot>();
  readonly #handlers: PublishingHandlers;
  readonly #video: VideoPreferences;
  readonly #policy: RTCIceTransportPolicy;
  #running: Promise<void> | null = null;
  #isDirty = false;
  /** The local description holds all changes, and no negotiation has used it. */
  #offering: Promise<void> | null = null;
  #isClosed = false;
  readonly #watch = new ConnectionWatch();
  /** It is looked after until it has come about. */
  #isExpected = false;
  /** How many layers of each track somebody can use, from the lowest up, by track id; of others, all. */
  readonly #layersWanted = new Map<string, number>();
  /** Track ids by source, as the gateway has assigned them. */
  trackIds: ReadonlyMap<TrackSource, string> = new Map();

  /** `tracks`: what is published from the beginning; the first negotiation says it. */
  constructor(
    tracks: Iterable<readonly [TrackSource, MediaStreamTrack]>,
    handlers: PublishingHandlers,
    video: VideoPreferences = {},
    policy: RTCIceTransportPolicy = "all",
  ) {
    this.#handlers = handlers;
    this.#video = video;
    this.#policy = policy;
    this.#connection = new RTCPeerConnection(peerConfiguration([], policy));
    for (const [source, track] of tracks) this.#open(source, track, !track.enabled);
    this.#connection.addEventListener("connectionstatechange", () => {
      const state = this.#connection.connectionState;
      if (state === "failed" && !this.#isClosed) void this.#restart().catch(this.#handlers.onError);
      this.#handlers.onState(state);
    });
  }

  /** Another way for a connection that has failed, or does not come about. */
  async #restart(): Promise<void> {
    await this.#handlers.renewServers();
    if (this.#isClosed || this.#connection.connectionState === "connected") return;
    this.#connection.restartIce();
    this.#changed();
    await persist(
      () => this.negotiateChanges(),
      () => !this.#isClosed,
    );
  }

  /** Before the first negotiation for the first way; later for the next ICE restart. */
  setIceServers(iceServers: readonly RTCIceServer[]): void {
    this.#connection.setConfiguration(peerConfiguration(iceServers, this.#policy));
    if (this.#offering === null) return;
    // What was gathered without the servers is gathered anew.
    this.#connection.restartIce();
    this.#offering = null;
  }

  /** Makes the first offer already, while the gateway is not there yet. `negotiate` sends it, unless there are changes since. */
  async prepare(): Promise<void> {
    if (!this.#isDirty) return;
    this.#offering = this.#connection.setLocalDescription();
    await this.#offering;
  }

  get connection(): RTCPeerConnection {
    return this.#connection;
  }

  /** The next negotiation offers data channels, which `open` makes. */
  addData(open: (connection: RTCPeerConnection) => void): void {
    open(this.#connection);
    this.#changed();
  }

  /** Starts to send a track for a source; negotiates only if the source was not published yet. */
  async publish(source: TrackSource, track: MediaStreamTrack, muted: boolean): Promise<void> {
    await this.add(source, track, muted);
    await this.negotiateChanges();
  }

  /** As `publish`, without negotiating: several sources can go into one offer. */
  async add(source: TrackSource, track: MediaStreamTrack, muted: boolean): Promise<void> {
    const slot = this.#slots.get(source);
    if (slot === undefined) {
      this.#open(source, track, muted);
      return;
    }
    slot.muted = muted;
    await slot.transceiver.sender.replaceTrack(track);
    if (!slot.isPublished) {
      slot.isPublished = true;
      slot.transceiver.direction = "sendonly";
      this.#changed();
      await this.#adjust(source);
    }
  }

  #open(source: TrackSource, track: MediaStreamTrack, muted: boolean): void {
    const { protect } = this.#handlers;
    const { encodings, codecs } = encodingsOf(source, protect === null ? this.#video : { codec: "vp8" });
    const transceiver = this.#connection.addTransceiver(track, { direction: "sendonly", sendEncodings: encodings });
    if (codecs !== null) transceiver.setCodecPreferences(protect === null ? codecs : encryptable(codecs));
    protect?.(transceiver.sender, source);
    this.#slots.set(source, { transceiver, isPublished: true, muted, isPaused: false, adjusting: Promise.resolve() });
    this.#changed();
  }

  /** Sends another track, or none, for a source that stays published. */
  async replace(source: TrackSource, track: MediaStreamTrack | null, muted: boolean): Promise<void> {
    const slot = this.#slots.get(source);
    if (slot === undefined) return;
    slot.muted = muted;
    await slot.transceiver.sender.replaceTrack(track);
  }

  /**
   * Sends as little as can be of these sources, and all of the others; the room takes no notice. The lowest layer of a camera goes on:
   * an encoder that starts anew takes a second, and whoever needs the picture has it at once.
   */
  async pause(sources: ReadonlySet<TrackSource>): Promise<void> {
    for (const [source, slot] of this.#slots) {
      const isPaused = sources.has(source);
      if (slot.isPaused === isPaused) continue;
      slot.isPaused = isPaused;
      await this.#adjust(source);
    }
  }

  /** Sends so many layers of a track, from the lowest up: nobody can use the others. Known before the track is, it counts then. */
  async setLayersWanted(trackId: string, layers: number): Promise<void> {
    this.#layersWanted.set(trackId, layers);
    for (const [source, id] of this.trackIds) if (id === trackId) await this.#adjust(source);
  }

  /** Brings what is sent of a source to what it should be. Parameters are read and set as one step: the browser takes no others. */
  #adjust(source: TrackSource): Promise<void> {
    const slot = this.#slots.get(source);
    if (slot === undefined) return Promise.resolve();
    const adjust = async (): Promise<void> => {
      if (this.#isClosed) return;
      const wanted = this.#layersWanted.get(this.trackIds.get(source) ?? "") ?? Infinity;
      const { sender } = slot.transceiver;
      const parameters = sender.getParameters();
      const isSent = (layer: number) =>
        layer < wanted && (!slot.isPaused || (layer === 0 && parameters.encodings.length > 1));
      if (parameters.encodings.every(({ active }, layer) => active === isSent(layer))) return;
      parameters.encodings.forEach((encoding, layer) => {
        encoding.active = isSent(layer);
      });
      await sender.setParameters(parameters);
    };
    slot.adjusting = slot.adjusting.then(adjust, adjust);
    return slot.adjusting;
  }

  /** Stops publishing sources. */
  async unpublish(...sources: TrackSource[]): Promise<void> {
    for (const source of sources) {
      const slot = this.#slots.get(source);
      if (!slot?.isPublished) continue;
      slot.isPublished = false;
      slot.transceiver.direction = "inactive";
      await slot.transceiver.sender.replaceTrack(null);
      this.#changed();
    }
    await this.negotiateChanges();
  }

  #changed(): void {
    this.#isDirty = true;
    this.#offering = null;
  }

  /** Everything that there is to send has a way to the node. */
  get isReady(): boolean {
    return !this.#isDirty && this.#running === null && (this.#slots.size === 0 || this.#connection.connectionState === "connected");
  }

  midOf(source: TrackSource): string | null {
    return this.#slots.get(source)?.transceiver.mid ?? null;
  }

  isPublished(source: TrackSource): boolean {
    return this.#slots.get(source)?.isPublished ?? false;
  }

  /** Offers what there is; resolves when all changes up to now have been negotiated. */
  negotiate(): Promise<void> {
    this.#isDirty = true;
    this.#running ??= this.#negotiateAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** As `negotiate`, unless the gateway knows everything already. */
  async negotiateChanges(): Promise<void> {
    if (this.#isDirty) await this.negotiate();
  }

  /** Tries again what failed while the gateway could not be reached. */
  async recover(): Promise<void> {
    // An offer that went to the lost connection may be waiting for its answer yet; it must not stand for the new one.
    await this.#running?.catch(() => undefined);
    if (this.#connection.connectionState === "failed") {
      this.#connection.restartIce();
      this.#changed();
    }
    await this.negotiateChanges();
  }

  async #negotiateAll(): Promise<void> {
    while (this.#isDirty && !this.#isClosed) {
      this.#isDirty = false;
      try {
        await this.#negotiateOnce();
      } catch (error) {
        this.#isDirty = true;
        throw error;
      }
    }
  }

  async #negotiateOnce(): Promise<void> {
    const offering = this.#offering ?? this.#connection.setLocalDescription();
    this.#offering = null;
    await offering;
    const tracks: PublishedTrack[] = [];
    const sources = new Map<string, TrackSource>();
    for (const [source, slot] of this.#slots) {
      const mid = slot.transceiver.mid;
      if (!slot.isPublished || mid === null) continue;
      tracks.push({ mid, source, muted: slot.muted });
      sources.set(mid, source);
    }
    const answer = await this.#handlers.offer(this.#connection.localDescription?.sdp ?? "", tracks);
    if (this.#connection.signalingState === "closed") return;
    const known = this.trackIds;
    const ids = new Map<TrackSource, string>();
    for (const assigned of answer.tracks) {
      const source = sources.get(assigned.mid);
      if (source !== undefined) ids.set(source, assigned.track_id);
    }
    this.trackIds = ids;
    // Other ids are of tracks that are no more: what is published next comes with the next answer, and is told of after its offer.
    const current = new Set(ids.values());
    for (const id of [...this.#layersWanted.keys()]) if (!current.has(id)) this.#layersWanted.delete(id);
    await this.#connection.setRemoteDescription({ type: "answer", sdp: answer.sdp });
    if (answer.tracks.length > 0 || this.#connection.sctp != null) this.#expectConnection();
    for (const [source, id] of ids) if (this.#layersWanted.has(id)) await this.#adjust(source);
    for (const { source, muted = false } of tracks) {
      const id = ids.get(source);
      const now = this.#slots.get(source)?.muted ?? muted;
      // Of tracks that had an id before, the room was told at once.
      if (id !== undefined && !known.has(source) && now !== muted) await this.#handlers.mute(id, now);
    }
  }

  #expectConnection(): void {
    if (this.#isExpected || this.#connection.connectionState === "connected") return;
    this.#isExpected = true;
    void this.#watch.isLate(this.#connection).then((late) => {
      this.#isExpected = false;
      if (late && !this.#isClosed) void this.#restart().catch(this.#handlers.onError);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#connection.close();
  }
}
