import { describe, expect, it } from "vitest";
import { dayAndTime, elapsed } from "./time.js";

describe("elapsed", () => {
  it.each([
    [-5, "0:00"],
    [999, "0:00"],
    [65_000, "1:05"],
    [3_600_000, "1:00:00"],
    [36_061_000, "10:01:01"],
  ])("%i ms is %s", (milliseconds, text) => {
    expect(elapsed(milliseconds)).toBe(text);
  });
});

describe("dayAndTime", () => {
  const now = new Date(2026, 10, 23, 15, 0).getTime();

  it("leaves the date of today out", () => {
    expect(dayAndTime(new Date(2026, 10, 23, 9, 5).getTime(), now, "de")).toMatch(/^0?9:05$/);
  });

  it("says day and month within the year, and the year of others", () => {
    expect(dayAndTime(new Date(2026, 9, 2, 9, 5).getTime(), now, "en")).toMatch(/^Oct 2, /);
    expect(dayAndTime(new Date(2025, 9, 2, 9, 5).getTime(), now, "en")).toMatch(/^Oct 2, 2025/);
  });
});
