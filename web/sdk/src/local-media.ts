import { DeviceError, Devices } from "./devices.js";
import type { TrackSource } from "./room-state.js";

/** The tracks that this client captures, by source, and the devices that are wished for. */
export class LocalMedia {
  readonly #tracks = new Map<TrackSource, MediaStreamTrack>();
  readonly #wished: { microphone?: string; camera?: string } = {};
  readonly #onEnded: (source: TrackSource) => void;

  /** `onEnded`: a device was unplugged, or the browser's own bar ended a screen share. */
  constructor(onEnded: (source: TrackSource) => void) {
    this.#onEnded = onEnded;
  }

  get(source: TrackSource): MediaStreamTrack | null {
    return this.#tracks.get(source) ?? null;
  }

  entries(): IterableIterator<[TrackSource, MediaStreamTrack]> {
    return this.#tracks.entries();
  }

  /** Takes a track over; the one before is stopped. */
  put(source: TrackSource, track: MediaStreamTrack): void {
    this.stop(source);
    this.#tracks.set(source, track);
    track.addEventListener("ended", () => {
      if (this.#tracks.get(source) !== track) return;
      this.#tracks.delete(source);
      this.#onEnded(source);
    });
  }

  stop(source: TrackSource): void {
    const track = this.#tracks.get(source);
    this.#tracks.delete(source);
    track?.stop();
  }

  stopAll(): void {
    for (const source of [...this.#tracks.keys()]) this.stop(source);
  }

  wish(device: "microphone" | "camera", deviceId: string): void {
    this.#wished[device] = deviceId;
  }

  /**
   * The track of a microphone or camera, opened if it is not yet, or anew where another device is wished for.
   *
   * @throws DeviceError
   */
  async open(device: "microphone" | "camera", anew = false): Promise<MediaStreamTrack> {
    const current = this.#tracks.get(device);
    if (current !== undefined && !anew) return current;
    // Some systems lend a device only once: the old track goes first.
    if (anew && device === "camera") this.stop(device);
    const wished = this.#wished[device];
    const track = await (device === "microphone" ? Devices.openMicrophone(wished) : Devices.openCamera(wished));
    if (track.readyState === "ended") throw new DeviceError("device_failed", device, "the device has stopped");
    this.put(device, track);
    return track;
  }
}
