import type { DirectLink } from "./direct-link.js";
import type { LocalMedia } from "./local-media.js";
import type { PublishingConnection } from "./publishing.js";
import type { TrackSource } from "./room-state.js";
import type { TrackInfo } from "./wire.js";

export interface OutgoingMediaOptions {
  readonly local: LocalMedia;
  readonly direct: DirectLink;
  /** The connection to the node; null before there is one. */
  readonly publishing: () => PublishingConnection | null;
  /** What the room knows of its tracks, by id. */
  readonly known: () => ReadonlyMap<string, TrackInfo>;
  readonly tellMuted: (trackId: string, muted: boolean) => Promise<void>;
  readonly onChange: () => void;
  /** A failure that nobody waits for. */
  readonly fail: (thrown: unknown) => void;
}

/** Microphone, camera and screen: what is captured goes out on both ways, to the node and directly, and is muted as the room says. */
export class OutgoingMedia {
  readonly #options: OutgoingMediaOptions;

  constructor(options: OutgoingMediaOptions) {
    this.#options = options;
  }

  // ---- microphone and camera ----

  async setMicrophone(enabled: boolean): Promise<void> {
    const { local } = this.#options;
    const track = enabled ? await local.open("microphone") : local.get("microphone");
    if (track === null) return;
    const before = track.enabled;
    track.enabled = enabled;
    try {
      await this.#setPublished("microphone", track, !enabled);
    } catch (error) {
      // The room decides whether we are heard: where it refuses, we are not.
      track.enabled = before && !enabled;
      throw error;
    }
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
    await this.#options.publishing()?.replace(device, track, !enabled);
    await this.#options.direct.replace(device, track);
    this.#options.onChange();
  }

  /** A device was unplugged. */
  async lost(source: TrackSource): Promise<void> {
    await this.#setPublished(source, null, true);
  }

  /** A moderator has muted a track of ours. */
  followMute(trackId: string): void {
    for (const [source, id] of this.#options.publishing()?.trackIds ?? []) {
      if (id !== trackId) continue;
      if (source === "camera") {
        this.#options.local.stop("camera");
        void this.#options.publishing()?.replace("camera", null, true).catch(this.#options.fail);
        void this.#options.direct.replace("camera", null).catch(this.#options.fail);
      } else {
        const track = this.#options.local.get(source);
        if (track !== null) track.enabled = false;
      }
    }
    this.#options.onChange();
  }

  /** A moderator has stopped a track of ours. */
  async followStop(trackId: string): Promise<void> {
    const source = [...(this.#options.publishing()?.trackIds ?? [])].find(([, id]) => id === trackId)?.[0];
    if (source === undefined) return;
    const stopped: TrackSource[] = source === "screen" ? ["screen", "screen_audio"] : [source];
    for (const each of stopped) this.#options.local.stop(each);
    await this.#replaceDirectly(stopped, null);
    await this.#options.publishing()?.unpublish(...stopped).catch(this.#options.fail);
    this.#options.onChange();
  }

  async #setPublished(source: TrackSource, track: MediaStreamTrack | null, muted: boolean): Promise<void> {
    const publishing = this.#options.publishing();
    if (publishing === null) return;
    const id = publishing.trackIds.get(source);
    await this.#options.direct.replace(source, track);
    if (!publishing.isPublished(source)) {
      if (track !== null) await publishing.publish(source, track, muted);
    } else {
      await publishing.replace(source, track, muted);
      if (id !== undefined && this.#options.known().get(id)?.muted !== muted) {
        await this.#options.tellMuted(id, muted);
      }
    }
    this.#options.onChange();
  }

  async #replaceDirectly(sources: readonly TrackSource[], track: MediaStreamTrack | null): Promise<void> {
    for (const source of sources) await this.#options.direct.replace(source, track).catch(this.#options.fail);
  }

  // ---- screen ----

  async startScreen(video: MediaStreamTrack, audio: MediaStreamTrack | null): Promise<void> {
    const { local } = this.#options;
    const publishing = this.#options.publishing();
    local.put("screen", video);
    await this.#replaceDirectly(["screen"], video);
    if (audio !== null) {
      local.put("screen_audio", audio);
      await this.#replaceDirectly(["screen_audio"], audio);
    }
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
    await this.#replaceDirectly(["screen", "screen_audio"], null);
    await this.#options.publishing()?.unpublish("screen", "screen_audio");
    this.#options.onChange();
  }
}
