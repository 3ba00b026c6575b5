import { DeviceError, Devices } from "@parley/sdk";
import { rememberChoices, rememberedChoices } from "../device-choices.js";

export type CheckedDevice = "microphone" | "camera";

export interface SlotState {
  readonly status: "off" | "starting" | "on" | "failed";
  readonly track: MediaStreamTrack | null;
  readonly error: DeviceError | null;
}

export interface DeviceCheckState {
  readonly microphone: SlotState;
  readonly camera: SlotState;
  readonly microphoneId: string;
  readonly cameraId: string;
  readonly speakerId: string;
}

const OFF: SlotState = { status: "off", track: null, error: null };

export function isStarting({ microphone, camera }: DeviceCheckState): boolean {
  return microphone.status === "starting" || camera.status === "starting";
}

/** Microphone and camera before the meeting: opened when they are on, stopped when they are off or the check is over. */
export class DeviceCheck {
  #state: DeviceCheckState;
  /** Counts what is asked of a device, so that an answer that comes too late is seen as such. */
  readonly #requests = { microphone: 0, camera: 0 };
  readonly #listeners = new Set<() => void>();

  constructor() {
    const { microphoneId, cameraId, speakerId } = rememberedChoices();
    this.#state = { microphone: OFF, camera: OFF, microphoneId, cameraId, speakerId };
  }

  get state(): DeviceCheckState {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Opens what was on the last time. */
  start(): void {
    const { microphoneOn, cameraOn } = rememberedChoices();
    if (microphoneOn) void this.#open("microphone");
    if (cameraOn) void this.#open("camera");
  }

  /** Stops both devices; `start` begins anew. */
  stop(): void {
    this.#close("microphone");
    this.#close("camera");
  }

  /** The state once no device is starting any more, or when the time is up: whoever joins fast is not to join silent. */
  settled(withinMs: number): Promise<DeviceCheckState> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        unsubscribe();
        resolve(this.#state);
      };
      const unsubscribe = this.subscribe(() => {
        if (!isStarting(this.#state)) finish();
      });
      const timer = setTimeout(finish, isStarting(this.#state) ? withinMs : 0);
    });
  }

  setOn(device: CheckedDevice, isOn: boolean): void {
    rememberChoices(device === "microphone" ? { microphoneOn: isOn } : { cameraOn: isOn });
    if (isOn) void this.#open(device);
    else this.#close(device);
  }

  retry(device: CheckedDevice): void {
    void this.#open(device);
  }

  select(device: CheckedDevice | "speaker", id: string): void {
    const choice = { [`${device}Id`]: id };
    rememberChoices(choice);
    this.#set(choice);
    if (device !== "speaker" && this.#state[device].status !== "off") void this.#open(device);
  }

  async #open(device: CheckedDevice): Promise<void> {
    const request = this.#next(device);
    this.#set({ [device]: { status: "starting", track: null, error: null } });
    try {
      const id = this.#state[`${device}Id`];
      const track = await (device === "microphone" ? Devices.openMicrophone(id) : Devices.openCamera(id));
      if (request !== this.#requests[device]) {
        track.stop();
        return;
      }
      track.addEventListener("ended", () => {
        if (request !== this.#requests[device]) return;
        this.#fail(device, new DeviceError("device_not_found", device, "the device is gone"));
      });
      this.#set({ [device]: { status: "on", track, error: null } });
    } catch (thrown) {
      if (request !== this.#requests[device]) return;
      this.#fail(device, thrown instanceof DeviceError ? thrown : new DeviceError("device_failed", device, String(thrown)));
    }
  }

  #fail(device: CheckedDevice, error: DeviceError): void {
    this.#set({ [device]: { status: "failed", track: null, error } });
  }

  #close(device: CheckedDevice): void {
    this.#next(device);
    this.#set({ [device]: OFF });
  }

  /** Ends what was going on with a device. */
  #next(device: CheckedDevice): number {
    this.#requests[device] += 1;
    this.#state[device].track?.stop();
    return this.#requests[device];
  }

  #set(change: Partial<DeviceCheckState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
