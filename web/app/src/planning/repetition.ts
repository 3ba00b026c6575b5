import { dayParts, formatRule, parseRule, placeInMonth, type Frequency, type Rule } from "../meetings/rule.js";

/** What the form offers at once; `custom` opens more, `kept` is a rule that it cannot show in fields. */
export type Choice = "never" | "daily" | "workdays" | "weekly" | "monthly" | "weekday" | "yearly" | "custom" | "kept";

/** How a meeting repeats, as the form has it. What a choice does not need is kept, in case it is chosen again. */
export interface Repetition {
  readonly choice: Choice;
  /** Of `custom`. */
  readonly frequency: Frequency;
  readonly interval: number;
  /** Of `custom`, every week: days from 0, Monday. That of the start is always among them. */
  readonly days: readonly number[];
  /** Of `custom`, every month: on the same day, the same weekday counted from the first, or the last such weekday. */
  readonly monthly: "day" | "weekday" | "last";
  readonly ends: "never" | "on" | "after";
  /** `2027-04-30` */
  readonly until: string;
  readonly count: number;
  /** Of `kept`. */
  readonly rule: string | null;
}

export const ONCE: Repetition = {
  choice: "never",
  frequency: "WEEKLY",
  interval: 1,
  days: [],
  monthly: "day",
  ends: "never",
  until: "",
  count: 10,
  rule: null,
};

const BARE: Rule = {
  frequency: "DAILY",
  interval: 1,
  count: null,
  until: null,
  byDay: [],
  byMonthDay: [],
  byMonth: [],
  bySetPosition: [],
};
const WORKDAYS = [0, 1, 2, 3, 4];

/** The rule that is meant, for a series that begins on `start` (`2026-12-07`); null: it takes place once. */
export function ruleOf(repetition: Repetition, start: string): string | null {
  if (repetition.choice === "never") return null;
  if (repetition.choice === "kept") return repetition.rule;
  return formatRule({ ...BARE, ...daysOf(repetition, start), ...endOf(repetition) });
}

function daysOf({ choice, frequency, interval, days, monthly }: Repetition, start: string): Partial<Rule> {
  const { weekday, day } = dayParts(start);
  const { ordinal } = placeInMonth(start);
  const on = (...names: number[]) => names.map((name) => ({ day: name, ordinal: 0 }));
  // The fifth of a month's weekdays is not there in all months; the last one is.
  const nth = (isLast: boolean) => [{ day: weekday, ordinal: isLast ? -1 : ordinal }];
  switch (choice) {
    case "workdays":
      return { frequency: "WEEKLY", byDay: on(...WORKDAYS) };
    case "weekly":
      return { frequency: "WEEKLY", byDay: on(weekday) };
    case "monthly":
      return { frequency: "MONTHLY", byMonthDay: [day] };
    case "weekday":
      return { frequency: "MONTHLY", byDay: nth(ordinal === 5) };
    case "yearly":
      return { frequency: "YEARLY" };
    case "custom":
      return { frequency, interval, ...customDays() };
    default:
      return {};
  }
  function customDays(): Partial<Rule> {
    if (frequency === "WEEKLY") return { byDay: on(...[...new Set([...days, weekday])].sort((a, b) => a - b)) };
    if (frequency !== "MONTHLY") return {};
    return monthly === "day" ? { byMonthDay: [day] } : { byDay: nth(monthly === "last") };
  }
}

function endOf({ ends, until, count }: Repetition): Partial<Rule> {
  if (ends === "after") return { count };
  return ends === "on" && until !== "" ? { until: until.replaceAll("-", "") } : {};
}

const CHOICES: readonly Choice[] = ["daily", "workdays", "weekly", "monthly", "weekday", "yearly"];

/** How the form shows a rule of a series that begins on `start`. */
export function repetitionOf(text: string | null, start: string): Repetition {
  if (text === null) return ONCE;
  const rule = parseRule(text);
  const until = rule.until === null ? "" : `${rule.until.slice(0, 4)}-${rule.until.slice(4, 6)}-${rule.until.slice(6, 8)}`;
  const ending: Repetition = {
    ...ONCE,
    ends: rule.count !== null ? "after" : until === "" ? "never" : "on",
    until,
    count: rule.count ?? ONCE.count,
  };
  const custom: Repetition = {
    ...ending,
    choice: "custom",
    frequency: rule.frequency,
    interval: rule.interval,
    days: rule.byDay.map(({ day }) => day),
    monthly: rule.byDay[0] === undefined ? "day" : rule.byDay[0].ordinal === -1 ? "last" : "weekday",
  };
  const candidates = [...CHOICES.map((choice) => ({ ...ending, choice })), custom];
  const meant = whole(rule, start);
  const found = candidates.find((each) => whole(parseRule(ruleOf(each, start) ?? text), start) === meant);
  return found ?? { ...ending, choice: "kept", rule: text };
}

/** A rule's text with the days that follow from the start, so that two that mean the same are the same. */
function whole(rule: Rule, start: string): string {
  const { day, weekday } = dayParts(start);
  const isOpen = rule.byDay.length === 0 && rule.byMonthDay.length === 0 && rule.byMonth.length === 0;
  const byDay = isOpen && rule.frequency === "WEEKLY" ? [{ day: weekday, ordinal: 0 }] : rule.byDay;
  const byMonthDay = isOpen && rule.frequency === "MONTHLY" ? [day] : rule.byMonthDay;
  return formatRule({ ...rule, byMonthDay, byDay: [...byDay].sort((one, other) => one.day - other.day) });
}
