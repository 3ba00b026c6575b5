import { DataChannels } from "./data-channels.js";
import type { Heard } from "./data-messages.js";
import { LevelMeter } from "./devices.js";
import { DirectLink, type DirectLinkOptions, type Peer } from "./direct-link.js";
import type { RoomEncryption } from "./e2ee/room-encryption.js";
import type { VideoPreferences } from "./encodings.js";
import { asParleyError } from "./errors.js";
import { FormerLink } from "./former-link.js";
import type { LocalMedia } from "./local-media.js";
import { OutgoingMedia } from "./outgoing-media.js";
import { persist } from "./persistence.js";
import { PublishingConnection, type PublishingHandlers } from "./publishing.js";
import { RemoteAudio } from "./remote-audio.js";
import type { MediaPath, MediaStatus, TrackSource, TrackState } from "./room-state.js";
import { SpeakingDetector } from "./speaking.js";
import { receivedOn, roomStats, type RoomStats } from "./stats.js";
import { SubscribingConnection } from "./subscribing.js";
import type { Commands, PeerSignal, SubscriberOffer, TrackInfo } from "./wire.js";

/** How long publishing waits for what is received at most, milliseconds. */
const RECEIVE_FIRST_MS = 300;
/** An offer that should have come by then is asked for, milliseconds; if that brings none, after twice as long again, up to the other. */
const OFFERED_WITHIN_MS = 5_000;
const OFFERED_AT_MOST_MS = 20_000;

export interface MediaLinkOptions {
  readonly local: LocalMedia;
  /** How pictures are sent to the node. */
  readonly video?: VideoPreferences;
  readonly send: <Name extends keyof Commands>(
    name: Name,
    command: Commands[Name]["command"],
  ) => Promise<Commands[Name]["answer"]>;
  /** Tracks or the status have changed. */
  readonly onChange: () => void;
  readonly onAudioBlocked: (blocked: boolean) => void;
  /** What the room knows of its tracks, by id. */
  readonly known: () => ReadonlyMap<string, TrackInfo>;
  /** Tells another client what a direct connection needs. */
  readonly signal: DirectLinkOptions["signal"];
  /** The encryption of an encrypted meeting; null in others. Asked when connections are made. */
  readonly encryption: () => RoomEncryption | null;
  /** A message on a data channel. */
  readonly onData: (heard: Heard) => void;
  /** Calls `setIceServers` with servers whose credentials hold, if there are such to be had. */
  readonly renewServers: () => Promise<void>;
  /** With `relay` media goes through TURN servers alone, and never straight to the other of two. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy | undefined;
}

/** The media side of one stay in a room: both peer connections, the direct path beside them, and what is heard. */
export class MediaLink {
  readonly #options: MediaLinkOptions;
  readonly #audio: RemoteAudio;
  readonly #speaking = new SpeakingDetector();
  #publishing: PublishingConnection | null = null;
  #subscribing: SubscribingConnection | null = null;
  /** The connections to a node that we are leaving. */
  #former: FormerLink | null = null;
  #iceServers: readonly RTCIceServer[] = [];
  #receivers: ReadonlyMap<string, RTCRtpReceiver> = new Map();
  #states: { publishing: RTCPeerConnectionState; subscribing: RTCPeerConnectionState } = {
    publishing: "new",
    subscribing: "new",
  };
  #meter: { readonly track: MediaStreamTrack; readonly meter: LevelMeter } | null = null;
  #whenReceiving: () => void = () => undefined;
  #isClosed = false;
  readonly #direct: DirectLink;
  /** Microphone, camera and screen. */
  readonly outgoing: OutgoingMedia;
  readonly data: DataChannels;
  #wantsData = false;
  #isShut = false;
  #hasStarted = false;
  #hasBegunAgain = false;
  #peerId: string | null = null;

  constructor(options: MediaLinkOptions) {
    this.#options = options;
    this.#direct = new DirectLink({
      tracks: () => new Map(options.local.entries()),
      signal: options.signal,
      onChange: () => {
        this.#followDirect();
      },
      fromNode: (source) => this.#fromNode(source),
    });
    this.outgoing = new OutgoingMedia({
      local: options.local,
      direct: this.#direct,
      publishing: () => this.#publishing,
      known: options.known,
      tellMuted: (trackId, muted) => this.#tellMuted(trackId, muted),
      onChange: options.onChange,
      fail: this.#fail,
    });
    this.#audio = new RemoteAudio(options.onAudioBlocked);
    this.data = new DataChannels(options.onData);
  }

  get status(): MediaStatus {
    const states = Object.values(this.#states);
    if (states.some((state) => state === "failed" || state === "disconnected")) return "interrupted";
    if (states.some((state) => state === "connecting")) return "connecting";
    return states.includes("connected") ? "connected" : "none";
  }

  /** Makes the connections, so that they are ready when the room is. */
  prepare(): void {
    this.#publishing ??= this.#makePublishing();
    this.#subscribing ??= this.#makeSubscribing();
    void this.#publishing.prepare().catch(this.#fail);
  }

  /** Before anything is negotiated; and again with every welcome, for the ways that are looked for later. */
  setIceServers(iceServers: readonly RTCIceServer[]): void {
    if (this.#isClosed) return;
    this.#iceServers = iceServers;
    this.#direct.setIceServers(iceServers);
    // Candidates that were gathered without servers stay good where there are none.
    if (iceServers.length === 0) return;
    this.#publishing?.setIceServers(iceServers);
    this.#subscribing?.setIceServers(iceServers);
  }

  /** Publishes what is captured; if there is something to receive, that comes first, for a moment at most. */
  start(receives: boolean): void {
    this.#hasStarted = true;
    const first = receives ? this.#firstReceived() : Promise.resolve();
    void first.then(() => this.#publishAll()).catch(this.#fail);
  }

  /** Starting encoders takes a small machine's whole strength: the others' pictures would wait for it. */
  #firstReceived(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenReceiving = resolve;
      setTimeout(resolve, RECEIVE_FIRST_MS);
    });
  }

  /** Opens data channels, now and on every connection to come. */
  openData(): void {
    if (this.#wantsData || this.#isClosed) return;
    this.#wantsData = true;
    this.#publishing?.addData((connection) => {
      this.data.open(connection);
    });
    if (this.#hasStarted) void this.#publishAll().catch(this.#fail);
  }

  /** Both connections anew, to another node; the former ones go on until those do everything. */
  move(): void {
    const [publishing, subscribing] = [this.#publishing, this.#subscribing];
    if (publishing === null || subscribing === null || !this.#hasStarted) {
      this.restart();
      return;
    }
    const receivers = this.#received();
    this.#hasBegunAgain = true;
    this.#former?.close();
    this.#publishing = this.#makePublishing();
    this.#publishing.trackIds = publishing.trackIds;
    this.#subscribing = this.#makeSubscribing();
    this.setIceServers(this.#iceServers);
    void this.#expectOffer(this.#subscribing).catch(this.#fail);
    this.#receivers = new Map();
    this.#former = new FormerLink({
      publishing,
      subscribing,
      receivers,
      current: () => this.#receivers,
      isSending: () => this.#publishing?.isReady === true,
      onChange: () => {
        this.#hear();
        this.#options.onChange();
      },
      onDone: () => void this.#leaveFormer().catch(this.#fail),
    });
    void this.#publishing.pause(this.#direct.receivedThere).catch(this.#fail);
    this.start(false);
  }

  /** The node is told first: it sends nothing then that would be lost with the connections. */
  async #leaveFormer(): Promise<void> {
    const former = this.#former;
    await this.#options.send("media_moved", {}).catch(this.#fail);
    if (former === null || former !== this.#former) return;
    this.#endFormer();
    // What was left out while the former connections carried media.
    this.#states = {
      publishing: this.#publishing?.connection.connectionState ?? "new",
      subscribing: this.#subscribing?.connection?.connectionState ?? "new",
    };
    this.#hear();
    this.#options.onChange();
  }

  #endFormer(): void {
    this.#former?.close();
    this.#former = null;
    this.data.settle();
  }

  /** Both connections anew: the node, or our place in the room, is another one. */
  restart(): void {
    this.#endFormer();
    this.#hasBegunAgain = true;
    this.#publishing?.close();
    this.#subscribing?.close();
    this.#publishing = this.#makePublishing();
    this.#subscribing = this.#makeSubscribing();
    void this.#expectOffer(this.#subscribing).catch(this.#fail);
    this.setIceServers(this.#iceServers);
    this.#states = { publishing: "new", subscribing: "new" };
    this.#setReceivers(new Map());
    this.data.settle();
    this.start(false);
  }

  /** The gateway is back and our place was kept: what failed meanwhile is tried again. */
  resumed(): void {
    void this.#publishing?.recover().catch(this.#fail);
    const subscribing = this.#subscribing;
    if (subscribing !== null && this.#isMissed(subscribing)) void this.#restartReceiving(subscribing).catch(this.#fail);
  }

  handleOffer(offer: SubscriberOffer): void {
    this.#subscribing?.handleOffer(offer);
  }

  /** What others can use of a track of ours has changed. */
  setLayersWanted(trackId: string, layers: number): void {
    void this.#publishing?.setLayersWanted(trackId, layers).catch(this.#fail);
  }

  /** Received and captured tracks by track id. */
  tracks(): ReadonlyMap<string, MediaStreamTrack> {
    const tracks = new Map<string, MediaStreamTrack>();
    if (!this.#isShut) for (const [id, receiver] of this.#received()) tracks.set(id, receiver.track);
    for (const [source, id] of this.#publishing?.trackIds ?? []) {
      const track = this.#options.local.get(source);
      if (track !== null) tracks.set(id, track);
    }
    return tracks;
  }

  // ---- the direct path ----

  /** How media comes at the moment. */
  get path(): MediaPath {
    return this.#direct.receivers().size > 0 ? "direct" : "node";
  }

  /** The room has changed: perhaps with whom one is alone, and who is muted. */
  follow(peer: Peer | null): void {
    if (this.#isClosed) return;
    this.#peerId = peer?.id ?? this.#peerId;
    this.#subscribing?.protectAgain();
    // There is one way for encrypted media, and it goes through the node.
    const isAllowed = this.#options.iceTransportPolicy !== "relay" && this.#options.encryption() === null;
    this.#direct.setPeer(isAllowed ? peer : null);
    if (this.path === "direct") this.#hear();
  }

  /** Shows and plays nothing of what comes. */
  setShut(isShut: boolean): void {
    if (this.#isShut === isShut) return;
    this.#isShut = isShut;
    this.#hear();
    this.#options.onChange();
  }

  handleSignal(from: string, signal: PeerSignal): void {
    void this.#direct.handleSignal(from, signal).catch(this.#fail);
  }

  #followDirect(): void {
    void this.#publishing?.pause(this.#direct.receivedThere).catch(this.#fail);
    this.#hear();
    this.#options.onChange();
  }

  /** What is received, by track id: directly where media flows so, else from the node. */
  #received(): ReadonlyMap<string, RTCRtpReceiver> {
    const direct = this.#direct.receivers();
    const fromNode = this.#former?.received() ?? this.#receivers;
    if (direct.size === 0) return fromNode;
    const received = new Map(fromNode);
    for (const { id, source, participant_id: participantId } of this.#options.known().values()) {
      const receiver = participantId === this.#peerId ? direct.get(source) : undefined;
      if (receiver !== undefined) received.set(id, receiver);
    }
    return received;
  }

  /** Plays what may be heard. Through the node nothing muted comes; on a direct path that is for us to see to. */
  #hear(): void {
    const known = this.#options.known();
    const isDirect = this.path === "direct";
    const heard = [...this.#received()].filter(
      ([id, { track }]) => !this.#isShut && track.kind === "audio" && !(isDirect && known.get(id)?.muted === true),
    );
    this.#audio.set(new Map(heard.map(([id, receiver]) => [id, receiver.track])));
  }

  async #fromNode(source: TrackSource): Promise<number | null> {
    const track = [...this.#options.known().values()].find(
      (each) => each.source === source && each.participant_id === this.#peerId,
    );
    const receiver = track === undefined || track.muted ? undefined : this.#receivers.get(track.id);
    return receiver === undefined ? null : receivedOn(receiver);
  }

  // ---- what is heard ----

  async setSpeaker(deviceId: string): Promise<void> {
    await this.#audio.setSink(deviceId);
  }

  async startAudio(): Promise<void> {
    await this.#audio.start();
  }

  // ---- connections ----

  async #publishAll(): Promise<void> {
    const publishing = this.#publishing;
    if (publishing === null) return;
    await persist(
      () => publishing.negotiateChanges(),
      () => !this.#isClosed && publishing === this.#publishing,
    );
    this.#options.onChange();
  }

  async #tellMuted(trackId: string, muted: boolean): Promise<void> {
    await this.#options.send(muted ? "mute_track" : "unmute_track", { track_id: trackId });
  }

  #makePublishing(): PublishingConnection {
    const encryption = this.#options.encryption();
    const handlers: PublishingHandlers = {
      protect:
        encryption &&
        ((sender, source) => {
          encryption.protectSender(sender, source);
        }),
      offer: (sdp, tracks) => this.#options.send("publish_offer", { sdp, tracks }),
      mute: (trackId, muted) => this.#tellMuted(trackId, muted),
      onState: (state) => {
        if (publishing === this.#publishing) this.#setState("publishing", state);
      },
      renewServers: this.#options.renewServers,
      onError: this.#fail,
    };
    const { local, video, iceTransportPolicy } = this.#options;
    const publishing: PublishingConnection = new PublishingConnection(local.entries(), handlers, video, iceTransportPolicy);
    if (this.#wantsData) {
      publishing.addData((connection) => {
        this.data.open(connection);
      });
    }
    return publishing;
  }

  #makeSubscribing(): SubscribingConnection {
    const encryption = this.#options.encryption();
    const subscribing: SubscribingConnection = new SubscribingConnection(
      {
        protect:
          encryption &&
          ((receiver, { track_id: id, participant_id: participantId }) => {
            // By what the room says of the track, and by what it is shown as: a server cannot pass one off as another.
            encryption.protectReceiver(receiver, participantId, this.#options.known().get(id)?.source ?? null);
          }),
        answer: (answer) => this.#options.send("subscriber_answer", answer),
        onTracks: (receivers) => {
          if (subscribing === this.#subscribing) this.#setReceivers(receivers);
        },
        onState: (state) => {
          if (subscribing !== this.#subscribing) return;
          this.#setState("subscribing", state);
        },
        onLost: () => {
          if (subscribing === this.#subscribing) void this.#restartReceiving(subscribing).catch(this.#fail);
        },
        onError: this.#fail,
      },
      this.#options.iceTransportPolicy,
    );
    return subscribing;
  }

  async #restartReceiving(subscribing: SubscribingConnection): Promise<void> {
    await this.#options.renewServers();
    await persist(
      () => this.#options.send("restart_media", {}),
      () => !this.#isClosed && subscribing === this.#subscribing && this.#isMissed(subscribing),
    );
  }

  /** We have begun again: an offer that is lost on its way to us nobody makes again unasked, and without one no check ever leaves. */
  async #expectOffer(subscribing: SubscribingConnection): Promise<void> {
    for (let waitMs = OFFERED_WITHIN_MS; ; waitMs = Math.min(2 * waitMs, OFFERED_AT_MOST_MS)) {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (this.#isClosed || subscribing !== this.#subscribing || subscribing.connection !== null) return;
      const own = new Set(this.#publishing?.trackIds.values());
      if ([...this.#options.known().keys()].some((id) => !own.has(id))) await this.#restartReceiving(subscribing);
    }
  }

  /** Nothing can come; or nothing was offered since we began again, and the gateway that was to ask for it may be gone. */
  #isMissed(subscribing: SubscribingConnection): boolean {
    return subscribing.isLost || (this.#hasBegunAgain && subscribing.connection === null);
  }

  #setReceivers(receivers: ReadonlyMap<string, RTCRtpReceiver>): void {
    this.#receivers = receivers;
    this.#hear();
    this.#options.onChange();
  }

  #setState(side: "publishing" | "subscribing", state: RTCPeerConnectionState): void {
    // While the former connections carry media, nothing is amiss.
    if (this.#isClosed || (this.#former !== null && (state === "new" || state === "connecting"))) return;
    this.#states = { ...this.#states, [side]: state };
    if (this.#states.subscribing === "connected") this.#whenReceiving();
    this.#options.onChange();
  }

  /** A failure that nobody waits for: a stale negotiation is followed by a newer one, what got no answer by another try. */
  readonly #fail = (thrown: unknown): void => {
    const error = asParleyError(thrown);
    if (this.#isClosed || error.code === "stale_negotiation" || error.code === "network") return;
    console.warn(`parley: media negotiation failed: ${error.code}: ${error.message}`);
  };

  // ---- looking inside ----

  /** Who speaks: the level that each sender says (RFC 6464) or our own microphone's. */
  speaking(tracks: readonly TrackState[]): ReadonlySet<string> {
    const levels = new Map<string, number>();
    for (const track of tracks) {
      if (track.source !== "microphone" || track.muted) continue;
      levels.set(track.participantId, track.isLocal ? this.#ownLevel() : this.#levelOf(track.id));
    }
    return this.#speaking.update(levels, performance.now());
  }

  #levelOf(trackId: string): number {
    const sources = this.#received().get(trackId)?.getSynchronizationSources() ?? [];
    return sources[0]?.audioLevel ?? 0;
  }

  #ownLevel(): number {
    const track = this.#options.local.get("microphone");
    if (track === null) return 0;
    if (this.#meter?.track !== track) {
      this.#meter?.meter.close();
      this.#meter = { track, meter: new LevelMeter(track) };
    }
    return this.#meter.meter.read();
  }

  stats(): Promise<RoomStats> {
    const sentIds = new Map<string, string>();
    for (const [source, id] of this.#publishing?.trackIds ?? []) {
      const mid = this.#publishing?.midOf(source) ?? null;
      if (mid !== null) sentIds.set(mid, id);
    }
    return roomStats({
      publishing: this.#publishing?.connection ?? null,
      subscribing: this.#subscribing?.connection ?? null,
      direct: this.#direct.current?.connection ?? null,
      sentIds,
      inUse: this.#received(),
    });
  }

  close(): void {
    this.#isClosed = true;
    this.data.close();
    this.#direct.close();
    this.#former?.close();
    this.#publishing?.close();
    this.#subscribing?.close();
    this.#audio.close();
    this.#meter?.meter.close();
    this.#states = { publishing: "closed", subscribing: "closed" };
    this.#receivers = new Map();
  }
}
