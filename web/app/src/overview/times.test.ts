import { describe, expect, it } from "vitest";
import { timesText } from "./times.js";

describe("timesText", () => {
  it("is the time where the meeting is, wherever the viewer is", () => {
    expect(timesText({ start: "2026-12-07T23:30:00", durationMinutes: 30 }, "de")).toMatch(/7\. Dezember 2026.*23:30.*8\. Dezember.*00:00/);
  });
});
