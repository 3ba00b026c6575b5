import type { MeetingSettings } from "@parley/sdk";
import { describe, expect, it } from "vitest";
import { changeOf, draftOf, fieldsOf, problemsOf, type Draft } from "./draft.js";

const SETTINGS: MeetingSettings = {
  lobby: "off",
  passcode: null,
  guestsAllowed: true,
  joinBeforeHost: true,
  locked: false,
  share: "everyone",
  chat: "everyone",
  record: "hosts",
  notes: "accounts",
  muteOnEntry: false,
  recordAutomatically: false,
  recordingKind: "composite",
  maxParticipants: null,
  maxMinutes: null,
  reminders: [],
};
const KEPT: Draft = { settings: SETTINGS, historyDays: null, recordingsDays: null };

describe("the organisation's settings", () => {
  it("are sent whole, but for the passcode, which the service takes of single meetings alone", () => {
    const { defaults, ...days } = changeOf(draftOf({ defaults: SETTINGS, historyDays: 30, recordingsDays: null, sendsMail: true }));
    expect(days).toEqual({ historyDays: 30, recordingsDays: null });
    expect(Object.keys(defaults)).toHaveLength(Object.keys(SETTINGS).length - 1);
    expect(defaults).not.toHaveProperty("passcode");
  });

  it.each<[Draft, Record<string, string>]>([
    [KEPT, {}],
    [{ ...KEPT, historyDays: 0 }, { history_days: "daysInvalid" }],
    [{ ...KEPT, historyDays: 3650, recordingsDays: 3651 }, { recordings_days: "daysInvalid" }],
    [{ ...KEPT, settings: { ...SETTINGS, maxParticipants: 1 } }, { "settings.max_participants": "maxParticipantsInvalid" }],
    [{ ...KEPT, settings: { ...SETTINGS, maxMinutes: 1441 } }, { "settings.max_minutes": "maxMinutesInvalid" }],
    [{ ...KEPT, settings: { ...SETTINGS, reminders: [1, 2, 3, 4, 5] } }, {}],
    [{ ...KEPT, settings: { ...SETTINGS, reminders: [1, 2, 3, 4, 5, 6] } }, { "settings.reminders": "tooManyReminders" }],
  ])("of %j have these problems: %j", (draft, problems) => {
    expect(problemsOf(draft)).toEqual(problems);
  });

  it("show what the service says at the fields that are meant", () => {
    expect(fieldsOf({ "defaults.max_minutes": "no", history_days: "no" })).toEqual({ "settings.max_minutes": "no", history_days: "no" });
  });
});
