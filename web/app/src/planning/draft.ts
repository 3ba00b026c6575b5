import type { Meeting, MeetingSettings, Schedule } from "@parley/sdk";
import { dayAndTimeOf } from "../forms/day-and-time.js";
import { dayParts } from "../meetings/rule.js";
import { ONCE, repetitionOf, ruleOf, type Repetition } from "./repetition.js";

/** A meeting as the form has it. */
export interface Draft {
  readonly title: string;
  readonly description: string;
  /** `2026-12-07`, in the meeting's time zone. */
  readonly day: string;
  /** `09:00` */
  readonly time: string;
  readonly minutes: number;
  readonly timeZone: string;
  readonly repetition: Repetition;
  readonly settings: MeetingSettings;
}

/** A new meeting: at the next half hour that is not just about to come. `now`: of the viewer. */
export function newDraft(settings: MeetingSettings, now: Date, timeZone: string): Draft {
  const at = new Date(now);
  at.setMinutes(Math.ceil((now.getMinutes() + 10) / 30) * 30, 0, 0);
  return {
    title: "",
    description: "",
    ...dayAndTimeOf(at),
    minutes: 30,
    timeZone,
    repetition: ONCE,
    settings,
  };
}

/** A meeting that is there; one without a schedule begins as a new one does. */
export function draftOf(meeting: Meeting, now: Date, timeZone: string): Draft {
  const { title, description, settings, schedule } = meeting;
  const base = { ...newDraft(settings, now, timeZone), title, description };
  if (schedule === null) return base;
  const [day = "", time = ""] = schedule.start.split("T");
  return {
    ...base,
    day,
    time: time.slice(0, 5),
    minutes: schedule.durationMinutes,
    timeZone: schedule.timeZone,
    repetition: repetitionOf(schedule.rule, day),
  };
}

/** When it takes place. Exceptions stay as they are: the service drops those that name nothing any more. */
export function scheduleOf({ day, time, minutes, timeZone, repetition }: Draft): Omit<Schedule, "exceptions"> {
  return { start: `${day}T${time}:00`, timeZone, durationMinutes: minutes, rule: ruleOf(repetition, day) };
}

/**
 * The same as a whole schedule; null as long as there is something wrong with it. `before`: the schedule that the meeting has, whose
 * exceptions hold as long as it is the same.
 */
export function plannedOf(draft: Draft, before: Schedule | null = null): Schedule | null {
  const isWrong = Object.keys(problemsOf(draft, true)).some((field) => field.startsWith("schedule."));
  if (isWrong) return null;
  const schedule = scheduleOf(draft);
  return { ...schedule, exceptions: before !== null && isSame(schedule, before) ? before.exceptions : [] };
}

function isSame(one: Omit<Schedule, "exceptions">, other: Schedule): boolean {
  return (
    one.start === other.start &&
    one.timeZone === other.timeZone &&
    one.durationMinutes === other.durationMinutes &&
    one.rule === other.rule
  );
}

/** What is wrong, by the fields that the service names. The codes are of texts. */
export type SettingsProblem = "passcodeInvalid" | "maxParticipantsInvalid" | "maxMinutesInvalid" | "tooManyReminders";
export type Problem = SettingsProblem | "titleMissing" | "dayMissing" | "noWorkday" | "untilMissing" | "untilEarly";

/** What the service would refuse, as far as one can tell here. */
export function problemsOf(draft: Draft, hasSchedule: boolean): Readonly<Record<string, Problem>> {
  const { title, day, time, repetition, settings } = draft;
  const problems: Record<string, Problem> = { ...problemsOfSettings(settings) };
  if (title.trim() === "") problems.title = "titleMissing";
  if (!hasSchedule) return problems;
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || !/^\d\d:\d\d$/.test(time)) return { ...problems, "schedule.start": "dayMissing" };
  if (repetition.choice === "workdays" && dayParts(day).weekday > 4) problems["schedule.start"] = "noWorkday";
  if (repetition.choice !== "never" && repetition.ends === "on") {
    if (repetition.until === "") problems["schedule.rule"] = "untilMissing";
    else if (repetition.until < day) problems["schedule.rule"] = "untilEarly";
  }
  return problems;
}

/** The same of settings alone. */
export function problemsOfSettings(settings: MeetingSettings): Readonly<Record<string, SettingsProblem>> {
  const problems: Record<string, SettingsProblem> = {};
  if (settings.passcode !== null && !/^[!-~]{4,32}$/.test(settings.passcode)) {
    problems["settings.passcode"] = "passcodeInvalid";
  }
  if (!isNoneOrWithin(settings.maxParticipants, 2, 2000)) problems["settings.max_participants"] = "maxParticipantsInvalid";
  if (!isNoneOrWithin(settings.maxMinutes, 1, 1440)) problems["settings.max_minutes"] = "maxMinutesInvalid";
  if (settings.reminders.length > 5) problems["settings.reminders"] = "tooManyReminders";
  return problems;
}

/** Whether a number field is empty, or has a whole number that may be. */
export function isNoneOrWithin(value: number | null, least: number, most: number): boolean {
  return value === null || (Number.isInteger(value) && value >= least && value <= most);
}

/** What is offered to remind of a meeting, beside what is set: minutes before. */
const REMINDERS = [10, 60, 1440, 10080];

/** When one may choose to be reminded, in minutes before a meeting, in order. */
export function offeredReminders(chosen: readonly number[]): readonly number[] {
  return [...new Set([...REMINDERS, ...chosen])].sort((one, other) => one - other);
}

/** E-mail addresses out of what somebody has typed or pasted, and the first piece that is none. */
export function addressesIn(text: string): { addresses: readonly string[]; wrong: string | null } {
  const pieces = text.split(/[,;\s]+/).filter((piece) => piece !== "");
  const addresses = pieces.map((piece) => piece.replace(/^<|>$/g, "").toLowerCase());
  const wrong = addresses.find((address) => !/^[^\s@]+@[^\s@]+$/.test(address)) ?? null;
  return { addresses: [...new Set(addresses)], wrong };
}
