import { Devices, type MediaDevice } from "@parley/sdk";
import { useEffect, useState } from "react";

export interface DeviceList {
  readonly microphones: readonly MediaDevice[];
  readonly cameras: readonly MediaDevice[];
  readonly speakers: readonly MediaDevice[];
}

const NONE: DeviceList = { microphones: [], cameras: [], speakers: [] };

/** The machine's devices, as they come and go. `hint` changes when their names may have become known. */
export function useDeviceList(hint: unknown): DeviceList {
  const [list, setList] = useState(NONE);
  useEffect(() => {
    let isCurrent = true;
    const update = () => {
      Devices.list().then(
        (next) => {
          if (isCurrent) setList(named(next));
        },
        () => undefined, // Opening a device says what is wrong.
      );
    };
    update();
    let stop = () => {
      /* nothing to stop */
    };
    try {
      stop = Devices.onChange(update);
    } catch {
      // Without media devices nothing changes either.
    }
    return () => {
      isCurrent = false;
      stop();
    };
  }, [hint]);
  return list;
}

/** Without those that have no id yet, and without the second name that Chromium gives to the default device for calls. */
function named(list: DeviceList): DeviceList {
  const keep = ({ id }: MediaDevice) => id !== "" && id !== "communications";
  return {
    microphones: list.microphones.filter(keep),
    cameras: list.cameras.filter(keep),
    speakers: list.speakers.filter(keep),
  };
}

/** The device that is in use: the track's own, else the remembered one, else the first. */
export function currentDevice(
  devices: readonly MediaDevice[],
  track: MediaStreamTrack | null,
  remembered: string,
): string | null {
  const inUse = track?.getSettings().deviceId;
  const candidates = [inUse, remembered].filter((id) => devices.some((device) => device.id === id));
  return candidates[0] ?? devices[0]?.id ?? null;
}
