import { expect, it } from "vitest";
import { gapLengthMs, gapTimes } from "./gaps.js";

const gap = (beginsAt: string, endsAt: string) => ({ kind: "composite", reason: "moved", beginsAt, endsAt }) as const;

it("tells how long a gap is in seconds, and that one of a moment is one", () => {
  expect(gapLengthMs(gap("2026-11-30T10:00:00.000Z", "2026-11-30T10:01:05.600Z"))).toBe(66_000);
  expect(gapLengthMs(gap("2026-11-30T10:00:00.000Z", "2026-11-30T10:00:00.200Z"))).toBe(1_000);
});

it("tells both times to the second", () => {
  const told = gapTimes(gap("2026-11-30T10:00:07.000Z", "2026-11-30T10:01:05.600Z"), "de");
  expect(told).toMatch(/\d\d:00:07\D+\d\d:01:05/);
});
