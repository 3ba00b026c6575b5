import { LevelMeter } from "./devices.js";
import { asParleyError } from "./errors.js";
import type { LocalMedia } from "./local-media.js";
import { PublishingConnection } from "./publishing.js";
import { RemoteAudio } from "./remote-audio.js";
import type { MediaStatus, TrackSource, TrackState } from "./room-state.js";
import { SpeakingDetector } from "./speaking.js";
import { trackStats, type RoomStats } from "./stats.js";
import { SubscribingConnection } from "./subscribing.js";
import type { Commands, SubscriberOffer } from "./wire.js";

/** How long publishing waits for what is received at most, milliseconds. */
const RECEIVE_FIRST_MS = 300;

export interface MediaLinkOptions {
  readonly local: LocalMedia;
  readonly send: <Name extends keyof Commands>(
    name: Name,
    command: Commands[Name]["command"],
  ) => Promise<Commands[Name]["answer"]>;
  /** Tracks or the status have changed. */
  readonly onChange: () => void;
  readonly onAudioBlocked: (blocked: boolean) => void;
  /** Whether the room believes that a track is muted. */
  readonly isMuted: (trackId: string) => boolean;
}

/** The media side of one stay in a room: both peer connections, what is captured, and what is heard. */
export class MediaLink {
  readonly #options: MediaLinkOptions;
  readonly #audio: RemoteAudio;
  readonly #speaking = new SpeakingDetector();
  #publishing: PublishingConnection | null = null;
  #subscribing: SubscribingConnection | null = null;
  #iceServers: readonly RTCIceServer[] = [];
  #receivers: ReadonlyMap<string, RTCRtpReceiver> = new Map();
  #states: { publishing: RTCPeerConnectionState; subscribing: RTCPeerConnectionState } = {
    publishing: "new",
    subscribing: "new",
  };
  #meter: { readonly track: MediaStreamTrack; readonly meter: LevelMeter } | null = null;
  #whenReceiving: () => void = () => undefined;
  #isClosed = false;

  constructor(options: MediaLinkOptions) {
    this.#options = options;
    this.#audio = new RemoteAudio(options.onAudioBlocked);
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
    void this.#publishing.prepare(this.#options.local.entries()).catch(this.#fail);
  }

  /** To be called before anything is negotiated. */
  setIceServers(iceServers: readonly RTCIceServer[]): void {
    this.#iceServers = iceServers;
    // Candidates that were gathered without servers stay good where there are none.
    if (iceServers.length === 0) return;
    this.#publishing?.setIceServers(iceServers);
    this.#subscribing?.setIceServers(iceServers);
  }

  /** Publishes what is captured; if there is something to receive, that comes first, for a moment at most. */
  start(receives: boolean): void {
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

  /** Both connections anew: the node, or our place in the room, is another one. */
  restart(): void {
    this.#publishing?.close();
    this.#subscribing?.close();
    this.#publishing = this.#makePublishing();
    this.#subscribing = this.#makeSubscribing();
    this.setIceServers(this.#iceServers);
    this.#states = { publishing: "new", subscribing: "new" };
    this.#setReceivers(new Map());
    this.start(false);
  }

  /** The gateway is back and our place was kept: what failed meanwhile is tried again. */
  resumed(): void {
    void this.#publishing?.recover().catch(this.#fail);
    if (this.#states.subscribing === "failed") void this.#options.send("restart_media", {}).catch(this.#fail);
  }

  handleOffer(offer: SubscriberOffer): void {
    this.#subscribing?.handleOffer(offer);
  }

  /** Received and captured tracks by track id. */
  tracks(): ReadonlyMap<string, MediaStreamTrack> {
    const tracks = new Map<string, MediaStreamTrack>();
    for (const [id, receiver] of this.#receivers) tracks.set(id, receiver.track);
    for (const [source, id] of this.#publishing?.trackIds ?? []) {
      const track = this.#options.local.get(source);
      if (track !== null) tracks.set(id, track);
    }
    return tracks;
  }

  // ---- microphone and camera ----

  async setMicrophone(enabled: boolean): Promise<void> {
    const { local } = this.#options;
    const track = enabled ? await local.open("microphone") : local.get("microphone");
    if (track === null) return;
    track.enabled = enabled;
    await this.#setPublished("microphone", track, !enabled);
  }

  async setCamera(enabled: boolean): Promise<void> {
    const { local } = this.#options;
    const track = enabled ? await local.open("camera") : null;
    if (!enabled) local.stop("camera");
    await this.#setPublished("camera", track, !enabled);
  }

  async switchDevice(device: "microphone" | "camera", deviceId: string): Promise<void> {
    const { local } = this.#options;
    const before = local.get(device);
    local.wish(device, deviceId);
    if (before === null) return;
    const { enabled } = before;
    const track = await local.open(device, true);
    track.enabled = enabled;
    await this.#publishing?.replace(device, track, !enabled);
    this.#options.onChange();
  }

  async setSpeaker(deviceId: string): Promise<void> {
    await this.#audio.setSink(deviceId);
  }

  async startAudio(): Promise<void> {
    await this.#audio.start();
  }

  /** A device was unplugged. */
  async lost(source: TrackSource): Promise<void> {
    await this.#setPublished(source, null, true);
  }

  /** A moderator has muted a track of ours. */
  followMute(trackId: string): void {
    for (const [source, id] of this.#publishing?.trackIds ?? []) {
      if (id !== trackId) continue;
      if (source === "camera") {
        this.#options.local.stop("camera");
        void this.#publishing?.replace("camera", null, true).catch(this.#fail);
      } else {
        const track = this.#options.local.get(source);
        if (track !== null) track.enabled = false;
      }
    }
    this.#options.onChange();
  }

  async #setPublished(source: TrackSource, track: MediaStreamTrack | null, muted: boolean): Promise<void> {
    const publishing = this.#publishing;
    if (publishing === null) return;
    const id = publishing.trackIds.get(source);
    if (!publishing.isPublished(source)) {
      if (track !== null) await publishing.publish(source, track, muted);
    } else {
      await publishing.replace(source, track, muted);
      if (id !== undefined && this.#options.isMuted(id) !== muted) {
        await this.#tellMuted(id, muted);
      }
    }
    this.#options.onChange();
  }

  async #tellMuted(trackId: string, muted: boolean): Promise<void> {
    await this.#options.send(muted ? "mute_track" : "unmute_track", { track_id: trackId });
  }

  // ---- screen ----

  async startScreen(video: MediaStreamTrack, audio: MediaStreamTrack | null): Promise<void> {
    const { local } = this.#options;
    const publishing = this.#publishing;
    local.put("screen", video);
    if (audio !== null) local.put("screen_audio", audio);
    try {
      await publishing?.add("screen", video, false);
      if (audio !== null) await publishing?.add("screen_audio", audio, false);
      await publishing?.negotiate();
    } catch (error) {
      await this.stopScreen();
      throw error;
    }
    this.#options.onChange();
  }

  async stopScreen(): Promise<void> {
    this.#options.local.stop("screen");
    this.#options.local.stop("screen_audio");
    await this.#publishing?.unpublish("screen", "screen_audio");
    this.#options.onChange();
  }

  // ---- connections ----

  async #publishAll(): Promise<void> {
    const publishing = this.#publishing;
    if (publishing === null || this.#isClosed) return;
    const tracks = [...this.#options.local.entries()];
    if (tracks.length === 0) return;
    for (const [source, track] of tracks) await publishing.add(source, track, !track.enabled);
    await publishing.negotiate();
    this.#options.onChange();
  }

  #makePublishing(): PublishingConnection {
    return new PublishingConnection({
      offer: (sdp, tracks) => this.#options.send("publish_offer", { sdp, tracks }),
      mute: (trackId, muted) => this.#tellMuted(trackId, muted),
      onState: (state) => {
        this.#setState("publishing", state);
      },
      onError: this.#fail,
    });
  }

  #makeSubscribing(): SubscribingConnection {
    return new SubscribingConnection({
      answer: (answer) => this.#options.send("subscriber_answer", answer),
      onTracks: (receivers) => {
        this.#setReceivers(receivers);
      },
      onState: (state) => {
        this.#setState("subscribing", state);
        if (state === "failed") void this.#options.send("restart_media", {}).catch(this.#fail);
      },
      onError: this.#fail,
    });
  }

  #setReceivers(receivers: ReadonlyMap<string, RTCRtpReceiver>): void {
    this.#receivers = receivers;
    const heard = [...receivers].filter(([, receiver]) => receiver.track.kind === "audio");
    this.#audio.set(new Map(heard.map(([id, receiver]) => [id, receiver.track])));
    this.#options.onChange();
  }

  #setState(side: "publishing" | "subscribing", state: RTCPeerConnectionState): void {
    if (this.#isClosed) return;
    this.#states = { ...this.#states, [side]: state };
    if (this.#states.subscribing === "connected") this.#whenReceiving();
    this.#options.onChange();
  }

  /** A failure that nobody waits for: a stale negotiation is followed by a newer one, a lost connection by a resumption. */
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
    const sources = this.#receivers.get(trackId)?.getSynchronizationSources() ?? [];
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

  async stats(): Promise<RoomStats> {
    const sent = this.#publishing?.connection;
    const received = this.#subscribing?.connection;
    const ids = this.#publishing?.trackIds ?? new Map<TrackSource, string>();
    const sentIds = new Map<string, string>();
    for (const [source, id] of ids) {
      const mid = this.#publishing?.midOf(source);
      if (mid !== null && mid !== undefined) sentIds.set(mid, id);
    }
    const receivedIds = new Map<string, string>();
    for (const transceiver of received?.getTransceivers() ?? []) {
      for (const [id, receiver] of this.#receivers) {
        if (receiver === transceiver.receiver && transceiver.mid !== null) receivedIds.set(transceiver.mid, id);
      }
    }
    const publishing = sent ? await trackStats(sent, (mid) => sentIds.get(mid) ?? null) : null;
    const subscribing = received ? await trackStats(received, (mid) => receivedIds.get(mid) ?? null) : null;
    return {
      tracks: [...(publishing?.tracks ?? []), ...(subscribing?.tracks ?? [])],
      roundTrip: { publishing: publishing?.roundTrip ?? null, subscribing: subscribing?.roundTrip ?? null },
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#publishing?.close();
    this.#subscribing?.close();
    this.#audio.close();
    this.#meter?.meter.close();
    this.#states = { publishing: "closed", subscribing: "closed" };
    this.#receivers = new Map();
  }
}
