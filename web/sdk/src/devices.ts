import { ParleyError } from "./errors.js";

export type DeviceErrorCode =
  | "device_denied"
  | "device_not_found"
  | "device_in_use"
  | "device_blocked"
  | "device_failed";
export type DeviceKind = "microphone" | "camera" | "screen";

export interface MediaDevice {
  readonly id: string;
  readonly label: string;
}

/** A device cannot be used; the code says why, so that the page can say what helps. */
export class DeviceError extends ParleyError {
  override readonly name = "DeviceError";

  constructor(
    override readonly code: DeviceErrorCode,
    readonly device: DeviceKind,
    message: string,
  ) {
    super(code, message);
  }
}

/** The error of `getUserMedia` or `getDisplayMedia` (W3C Media Capture, 10.3) as ours. */
export function deviceError(thrown: unknown, device: DeviceKind): DeviceError {
  const name = thrown instanceof DOMException ? thrown.name : "";
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  switch (name) {
    case "NotAllowedError":
      // The operating system's refusal has the same name and says so in the text.
      return new DeviceError(/system/i.test(message) ? "device_blocked" : "device_denied", device, message);
    case "SecurityError":
      return new DeviceError("device_blocked", device, message);
    case "NotFoundError":
    case "OverconstrainedError":
      return new DeviceError("device_not_found", device, message);
    case "NotReadableError":
    case "AbortError":
      return new DeviceError("device_in_use", device, message);
    default:
      return new DeviceError("device_failed", device, message);
  }
}

const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const VIDEO: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

/** The machine's microphones, cameras and speakers. */
export const Devices = {
  /** Names are empty until a permission has been given. */
  async list(): Promise<{ microphones: MediaDevice[]; cameras: MediaDevice[]; speakers: MediaDevice[] }> {
    const all = await mediaDevices("microphone").enumerateDevices();
    const of = (kind: MediaDeviceKind): MediaDevice[] =>
      all.filter((device) => device.kind === kind).map((device) => ({ id: device.deviceId, label: device.label }));
    return { microphones: of("audioinput"), cameras: of("videoinput"), speakers: of("audiooutput") };
  },

  onChange(listener: () => void): () => void {
    const devices = mediaDevices("microphone");
    devices.addEventListener("devicechange", listener);
    return () => {
      devices.removeEventListener("devicechange", listener);
    };
  },

  /** A device that is gone is replaced by another: an id is a wish, never a demand. */
  async openMicrophone(deviceId?: string): Promise<MediaStreamTrack> {
    return open("microphone", { audio: { ...AUDIO, ...wish(deviceId) } });
  },

  async openCamera(deviceId?: string): Promise<MediaStreamTrack> {
    return open("camera", { video: { ...VIDEO, ...wish(deviceId) } });
  },

  /** The picture and, where the browser offers it, the sound of a screen, window or tab that the user picks. */
  async openScreen(): Promise<{ video: MediaStreamTrack; audio: MediaStreamTrack | null }> {
    try {
      const stream = await mediaDevices("screen").getDisplayMedia({
        video: { frameRate: { ideal: 30 }, width: { max: 2560 }, height: { max: 1440 } },
        audio: true,
      });
      const video = stream.getVideoTracks()[0];
      if (video === undefined) throw new DOMException("no picture", "NotFoundError");
      video.contentHint = "detail";
      return { video, audio: stream.getAudioTracks()[0] ?? null };
    } catch (thrown) {
      throw deviceError(thrown, "screen");
    }
  },
};

function wish(deviceId?: string): MediaTrackConstraints {
  return deviceId === undefined || deviceId === "" ? {} : { deviceId: { ideal: deviceId } };
}

function mediaDevices(device: DeviceKind): globalThis.MediaDevices {
  // Undefined on pages that are not served securely.
  const devices = (navigator as { mediaDevices?: globalThis.MediaDevices }).mediaDevices;
  if (devices === undefined) {
    throw new DeviceError("device_blocked", device, "Devices can only be used on pages served over HTTPS.");
  }
  return devices;
}

async function open(device: "microphone" | "camera", constraints: MediaStreamConstraints): Promise<MediaStreamTrack> {
  try {
    const stream = await mediaDevices(device).getUserMedia(constraints);
    const track = stream.getTracks()[0];
    if (track === undefined) throw new DOMException("no track", "NotFoundError");
    return track;
  } catch (thrown) {
    throw thrown instanceof DeviceError ? thrown : deviceError(thrown, device);
  }
}

/** The loudness of a track, for a bar and for telling who speaks. */
export class LevelMeter {
  readonly #context = new AudioContext();
  readonly #analyser = this.#context.createAnalyser();
  readonly #samples: Float32Array<ArrayBuffer>;

  constructor(track: MediaStreamTrack) {
    this.#analyser.fftSize = 512;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#context.createMediaStreamSource(new MediaStream([track])).connect(this.#analyser);
    void this.#context.resume().catch(() => undefined);
  }

  /** Root mean square of the last ten milliseconds or so, 0 to 1. */
  read(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const sum = this.#samples.reduce((total, sample) => total + sample * sample, 0);
    return Math.min(1, Math.sqrt(sum / this.#samples.length));
  }

  close(): void {
    void this.#context.close().catch(() => undefined);
  }
}
