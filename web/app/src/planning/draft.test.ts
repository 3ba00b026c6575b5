import type { Meeting, MeetingSettings } from "@parley/sdk";
import { describe, expect, it } from "vitest";
import { addressesIn, draftOf, newDraft, offeredReminders, plannedOf, problemsOf, scheduleOf, type Draft } from "./draft.js";
import { ONCE } from "./repetition.js";

const SETTINGS = { passcode: null, maxParticipants: null, maxMinutes: null, reminders: [] as readonly number[] } as MeetingSettings;
const NOW = new Date(2026, 11, 5, 9, 12);
const DRAFT: Draft = { ...newDraft(SETTINGS, NOW, "Europe/Berlin"), title: "T" };

describe("newDraft", () => {
  it.each([
    [new Date(2026, 11, 5, 9, 12), "2026-12-05", "09:30"],
    [new Date(2026, 11, 5, 9, 25), "2026-12-05", "10:00"],
    [new Date(2026, 11, 31, 23, 40), "2027-01-01", "00:00"],
  ])("of %s begins on %s at %s", (now, day, time) => {
    expect(newDraft(SETTINGS, now, "UTC")).toMatchObject({ day, time });
  });
});

describe("draftOf and scheduleOf", () => {
  it("keep when a meeting takes place", () => {
    const schedule = { start: "2026-12-07T09:05:00", timeZone: "Asia/Tokyo", durationMinutes: 25, rule: "FREQ=DAILY;COUNT=3" };
    const meeting = { title: "T", description: "", settings: SETTINGS, schedule: { ...schedule, exceptions: [] } };
    expect(scheduleOf(draftOf(meeting as unknown as Meeting, NOW, "UTC"))).toEqual(schedule);
  });
});

describe("plannedOf", () => {
  it("is whole as soon as the times are, whatever else is missing", () => {
    expect(plannedOf({ ...DRAFT, title: "" })).toEqual({
      start: "2026-12-05T09:30:00",
      timeZone: "Europe/Berlin",
      durationMinutes: 30,
      rule: null,
      exceptions: [],
    });
    expect(plannedOf({ ...DRAFT, time: "" })).toBeNull();
  });

  it("has the exceptions of a schedule that stays as it was, and none of another one", () => {
    const exceptions = [{ occurrence: "2026-12-08T09:05:00", cancelled: true, start: null, durationMinutes: null, title: null }];
    const times = { start: "2026-12-07T09:05:00", timeZone: "Asia/Tokyo", durationMinutes: 25, rule: "FREQ=DAILY;COUNT=3" };
    const schedule = { ...times, exceptions };
    const draft = draftOf({ title: "T", description: "", settings: SETTINGS, schedule } as unknown as Meeting, NOW, "UTC");
    expect(plannedOf(draft, schedule)).toEqual(schedule);
    for (const change of [{ day: "2026-12-08" }, { time: "09:10" }, { timeZone: "UTC" }, { minutes: 30 }, { repetition: ONCE }]) {
      expect(plannedOf({ ...draft, ...change }, schedule)?.exceptions).toEqual([]);
    }
  });
});

describe("problemsOf", () => {
  it.each<[Partial<Draft>, Record<string, string>]>([
    [{}, {}],
    [{ title: "  " }, { title: "titleMissing" }],
    [{ day: "" }, { "schedule.start": "dayMissing" }],
    [{ repetition: { ...ONCE, choice: "workdays" } }, { "schedule.start": "noWorkday" }],
    [{ repetition: { ...ONCE, choice: "daily", ends: "on" } }, { "schedule.rule": "untilMissing" }],
    [{ repetition: { ...ONCE, choice: "daily", ends: "on", until: "2026-12-04" } }, { "schedule.rule": "untilEarly" }],
    [{ settings: { ...SETTINGS, passcode: "abc" } }, { "settings.passcode": "passcodeInvalid" }],
    [{ settings: { ...SETTINGS, maxParticipants: 1 } }, { "settings.max_participants": "maxParticipantsInvalid" }],
    [{ settings: { ...SETTINGS, maxParticipants: 2000, maxMinutes: 1440, reminders: [1, 2, 3, 4, 5] } }, {}],
    [{ settings: { ...SETTINGS, maxMinutes: 0 } }, { "settings.max_minutes": "maxMinutesInvalid" }],
    [{ settings: { ...SETTINGS, maxMinutes: 1441 } }, { "settings.max_minutes": "maxMinutesInvalid" }],
    [{ settings: { ...SETTINGS, reminders: [1, 2, 3, 4, 5, 6] } }, { "settings.reminders": "tooManyReminders" }],
  ])("of %j are %j", (facts, problems) => {
    expect(problemsOf({ ...DRAFT, ...facts }, true)).toEqual(problems);
  });

  it("has none of a time where there is none", () => {
    expect(problemsOf({ ...DRAFT, day: "" }, false)).toEqual({});
  });
});

describe("offeredReminders", () => {
  it("are the usual ones and those that are set, each once, in order", () => {
    expect(offeredReminders([])).toEqual([10, 60, 1440, 10080]);
    expect(offeredReminders([1440, 15])).toEqual([10, 15, 60, 1440, 10080]);
  });
});

describe("addressesIn", () => {
  it("takes a pasted list apart, each once", () => {
    expect(addressesIn("Bob@x.test, <ada@x.test>;\nbob@x.test")).toEqual({
      addresses: ["bob@x.test", "ada@x.test"],
      wrong: null,
    });
  });

  it("says what is no address", () => {
    expect(addressesIn("ada@x.test, Bob").wrong).toBe("bob");
    expect(addressesIn("  ")).toEqual({ addresses: [], wrong: null });
  });
});
