import { DeviceError } from "@parley/sdk";
import { describe, expect, it } from "vitest";
import { problemsOf } from "./DeviceProblems.js";
import type { SlotState } from "./device-check.js";

const FINE: SlotState = { status: "off", track: null, error: null };
const failed = (device: "microphone" | "camera", code: DeviceError["code"]): SlotState => ({
  status: "failed",
  track: null,
  error: new DeviceError(code, device, ""),
});

describe("problemsOf", () => {
  it("has nothing to say where nothing failed", () => {
    expect(problemsOf({ microphone: FINE, camera: FINE })).toEqual([]);
  });

  it("says once what both have", () => {
    const both = { microphone: failed("microphone", "device_denied"), camera: failed("camera", "device_denied") };
    expect(problemsOf(both)).toEqual([{ kind: "both", devices: ["microphone", "camera"], code: "device_denied" }]);
  });

  it("keeps apart what differs", () => {
    const both = { microphone: failed("microphone", "device_in_use"), camera: failed("camera", "device_not_found") };
    expect(problemsOf(both).map(({ kind, code }) => [kind, code])).toEqual([
      ["microphone", "device_in_use"],
      ["camera", "device_not_found"],
    ]);
    expect(problemsOf({ ...both, microphone: FINE }).map(({ kind }) => kind)).toEqual(["camera"]);
  });
});
