import { describe, expect, it } from "vitest";
import { dayAndTimeOf, instantOf } from "./day-and-time.js";

describe("a day and a time", () => {
  it("are those of the viewer, and mean the same instant", () => {
    const at = new Date(2026, 0, 2, 3, 4);
    expect(dayAndTimeOf(at)).toEqual({ day: "2026-01-02", time: "03:04" });
    expect(instantOf(dayAndTimeOf(at))).toBe(at.toISOString());
  });

  it.each([
    { day: "", time: "09:00" },
    { day: "2026-12-07", time: "" },
    { day: "2026-13-07", time: "09:00" },
  ])("are no instant where they are %j", (fields) => {
    expect(instantOf(fields)).toBeNull();
  });
});
