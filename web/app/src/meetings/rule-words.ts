/** Rules in words, as the meeting service has them in its mails (`domain/rule_words.py`). */
import type { Schedule } from "@parley/sdk";
import type { MeetingMessages } from "../messages/meetings.en.js";
import { dayParts, parseRule, type Rule, type Weekday } from "./rule.js";

/** "every week on Monday and Wednesday, until 30 April 2027"; null: it is no series. */
export function ruleInWords(
  texts: MeetingMessages,
  schedule: Pick<Schedule, "rule" | "start" | "timeZone">,
): string | null {
  if (schedule.rule === null) return null;
  const words = texts.rule;
  const rule = parseRule(schedule.rule);
  const every = words.every[rule.frequency](rule.interval);
  return [every, ...days(words, rule, schedule.start)].join(" ") + end(words, rule, schedule.timeZone);
}

type Words = MeetingMessages["rule"];

/** On which days: those that the rule names, or that follow from its start. */
function days(words: Words, rule: Rule, start: string): string[] {
  const first = dayParts(start);
  const isOpen = rule.byDay.length === 0 && rule.byMonthDay.length === 0;
  const byDay = isOpen && rule.frequency === "WEEKLY" ? [{ day: first.weekday, ordinal: 0 }] : rule.byDay;
  const isByDate = isOpen && (rule.frequency === "MONTHLY" || rule.frequency === "YEARLY");
  const byMonthDay = isByDate ? [first.day] : rule.byMonthDay;
  const byMonth = isOpen && rule.frequency === "YEARLY" && rule.byMonth.length === 0 ? [first.month] : rule.byMonth;
  const said: string[] = [];
  if (rule.bySetPosition.length > 0) said.push(words.positions(fromTheStart(rule.bySetPosition)));
  if (byMonthDay.length > 0) said.push(words.monthDays(fromTheStart(byMonthDay), byDay.length > 0));
  if (byDay.length > 0) said.push(weekdays(words, byDay));
  if (byMonth.length > 0) {
    said.push(words.months([...byMonth].sort((one, other) => one - other).map((month) => monthName(words, month))));
  }
  return said;
}

function weekdays(words: Words, named: readonly Weekday[]): string {
  const different = new Set(named.map(({ day }) => day));
  const areWorkdays = different.size === 5 && Math.max(...different) === 4;
  if (areWorkdays && named.every(({ ordinal }) => ordinal === 0)) return words.workdays;
  const key = ({ day, ordinal }: Weekday) => (ordinal < 0 ? 10_000 : 0) + ordinal * 10 + day;
  const ordered = [...named].sort((one, other) => key(one) - key(other));
  return words.weekdays(ordered.map(({ day, ordinal }) => words.weekday(ordinal, weekdayName(words, day))));
}

function fromTheStart(numbers: readonly number[]): number[] {
  const key = (number: number) => (number < 0 ? 10_000 : 0) + number;
  return [...numbers].sort((one, other) => key(one) - key(other));
}

function end(words: Words, { count, until }: Rule, timeZone: string): string {
  if (count !== null) return `, ${words.times(count)}`;
  if (until === null) return "";
  return `, ${words.until(dateName(words, lastDay(until, timeZone)))}`;
}

/** The day (`2027-04-30`) of an UNTIL, in the zone of its series. */
export function lastDay(until: string, timeZone: string): string {
  const day = `${until.slice(0, 4)}-${until.slice(4, 6)}-${until.slice(6, 8)}`;
  if (until.length === 8) return day;
  const at = Date.parse(`${day}T${until.slice(9, 11)}:${until.slice(11, 13)}:${until.slice(13, 15)}Z`);
  return new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
}

/** 0: Monday. */
export function weekdayName({ locale }: Words, day: number, width: "long" | "short" = "long"): string {
  // The first of January 2024 was a Monday.
  return new Intl.DateTimeFormat(locale, { weekday: width, timeZone: "UTC" }).format(Date.UTC(2024, 0, day + 1));
}

function monthName({ locale }: Words, month: number): string {
  return new Intl.DateTimeFormat(locale, { month: "long", timeZone: "UTC" }).format(Date.UTC(2024, month - 1, 1));
}

function dateName({ locale }: Words, day: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(Date.parse(day));
}
