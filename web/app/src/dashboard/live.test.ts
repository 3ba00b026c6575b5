import type { ListedMeeting } from "@parley/sdk";
import { describe, expect, it } from "vitest";
import { liveOf } from "./live.js";

const meeting = (id: string, facts: Partial<ListedMeeting> = {}) =>
  ({ id, status: "live", joinable: true, startedAt: "2026-12-01T09:00:00.000Z", ...facts }) as ListedMeeting;

describe("liveOf", () => {
  it("has each meeting that is on once, the latest first", () => {
    const late = meeting("late", { startedAt: "2026-12-01T10:00:00.000Z" });
    expect(liveOf([meeting("a"), late], [meeting("a"), meeting("b")]).map(({ id }) => id)).toEqual(["late", "a", "b"]);
  });

  it("leaves out what is not on, and what nobody can join", () => {
    expect(liveOf([meeting("a", { status: "scheduled" }), meeting("b", { joinable: false })])).toEqual([]);
  });
});
