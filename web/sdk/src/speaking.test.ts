import { describe, expect, it } from "vitest";

import { SpeakingDetector } from "./speaking.js";

describe("SpeakingDetector", () => {
  it("starts with loudness, and ends after a pause", () => {
    const detector = new SpeakingDetector();
    expect([...detector.update(new Map([["a", 0.001], ["b", 0.2]]), 0)]).toEqual(["b"]);
    expect(detector.update(new Map([["b", 0]]), 600).has("b")).toBe(true);
    expect(detector.update(new Map([["b", 0]]), 800).has("b")).toBe(false);
  });

  it("gives the same set while nothing changes", () => {
    const detector = new SpeakingDetector();
    const first = detector.update(new Map([["a", 0.5]]), 0);
    expect(detector.update(new Map([["a", 0.6]]), 100)).toBe(first);
  });

  it("forgets who has gone", () => {
    const detector = new SpeakingDetector();
    detector.update(new Map([["a", 0.5]]), 0);
    expect(detector.update(new Map(), 10).size).toBe(0);
  });
});
