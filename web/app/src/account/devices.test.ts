import { describe, expect, it } from "vitest";
import { de } from "../messages/de.js";
import { en } from "../messages/en.js";
import { deviceForm, deviceName } from "./devices.js";

describe("a session's device", () => {
  it("is called by browser and system, as far as they are known", () => {
    expect(deviceName(en, { browser: "Firefox", system: "Windows" })).toBe("Firefox on Windows");
    expect(deviceName(de, { browser: "Firefox", system: "Windows" })).toBe("Firefox unter Windows");
    expect(deviceName(en, { browser: "curl", system: null })).toBe("curl");
    expect(deviceName(en, { browser: null, system: "Linux" })).toBe("Linux");
    expect(deviceName(en, { browser: null, system: null })).toBe("Unknown device");
  });

  it.each([
    ["Chrome", "Android", "phone"],
    ["Safari", "iPhone", "phone"],
    ["Safari", "iPad", "tablet"],
    ["Python", "Linux", "program"],
    ["curl", null, "program"],
    ["Edge", "Windows", "computer"],
    [null, null, "computer"],
  ] as const)("%s and %s look like a %s", (browser, system, form) => {
    expect(deviceForm({ browser, system })).toBe(form);
  });
});
