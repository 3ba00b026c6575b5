/** What this browser remembers for the next meeting. An empty id leaves the choice to the system. */
export interface DeviceChoices {
  readonly name: string;
  readonly microphoneId: string;
  readonly cameraId: string;
  readonly speakerId: string;
  readonly microphoneOn: boolean;
  readonly cameraOn: boolean;
}

const KEY = "parley.devices";
const NOTHING: DeviceChoices = {
  name: "",
  microphoneId: "",
  cameraId: "",
  speakerId: "",
  microphoneOn: true,
  cameraOn: true,
};

export function rememberedChoices(): DeviceChoices {
  let stored: unknown;
  try {
    stored = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    // Storage may be forbidden, or hold something else: then nothing is remembered.
    return NOTHING;
  }
  return choicesFrom(stored);
}

/** The parts of `stored` that have the right type; the rest as if nothing were remembered. */
export function choicesFrom(stored: unknown): DeviceChoices {
  const found = typeof stored === "object" && stored !== null ? (stored as Record<string, unknown>) : {};
  const entries = Object.entries(NOTHING).map(([key, value]) => [
    key,
    typeof found[key] === typeof value ? found[key] : (value as unknown),
  ]);
  return Object.fromEntries(entries) as DeviceChoices;
}

export function rememberChoices(change: Partial<DeviceChoices>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...rememberedChoices(), ...change }));
  } catch {
    // As above.
  }
}
