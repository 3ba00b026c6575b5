/** Recurrence rules (RFC 5545, 3.3.10), as far as meetings have them. */

export type Frequency = "DAILY" | "WEEKLY" | "MONTHLY" | "YEARLY";

/** A day of the week (0: Monday); with an ordinal the so-many-th of the month or year, negative: from its end. */
export interface Weekday {
  readonly day: number;
  readonly ordinal: number;
}

/** Empty parts are those that the rule does not have. */
export interface Rule {
  readonly frequency: Frequency;
  readonly interval: number;
  readonly count: number | null;
  /** `20270430`, or `20270430T223000Z`. */
  readonly until: string | null;
  readonly byDay: readonly Weekday[];
  readonly byMonthDay: readonly number[];
  readonly byMonth: readonly number[];
  readonly bySetPosition: readonly number[];
}

export const WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;
const FREQUENCIES: readonly string[] = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"] satisfies Frequency[];

/** The rule that is the value of an RRULE, which the service has taken for one. */
export function parseRule(text: string): Rule {
  const parts = new Map(text.split(";").map((part) => part.split("=", 2) as [string, string]));
  const numbers = (name: string) => (parts.get(name)?.split(",") ?? []).map(Number);
  const frequency = parts.get("FREQ") ?? "";
  if (!FREQUENCIES.includes(frequency)) throw new Error(`no rule of meetings: ${text}`);
  return {
    frequency: frequency as Frequency,
    interval: numbers("INTERVAL")[0] ?? 1,
    count: numbers("COUNT")[0] ?? null,
    until: parts.get("UNTIL") ?? null,
    byDay: (parts.get("BYDAY")?.split(",") ?? []).map(weekdayOf),
    byMonthDay: numbers("BYMONTHDAY"),
    byMonth: numbers("BYMONTH"),
    bySetPosition: numbers("BYSETPOS"),
  };
}

function weekdayOf(text: string): Weekday {
  const day = WEEKDAYS.findIndex((name) => text.endsWith(name));
  return { day, ordinal: Number(text.slice(0, -2) || 0) };
}

/** The text of a rule. */
export function formatRule(rule: Rule): string {
  const days = rule.byDay.map(({ day, ordinal }) => `${ordinal === 0 ? "" : ordinal}${WEEKDAYS[day] ?? ""}`);
  const parts: (string | false)[] = [
    `FREQ=${rule.frequency}`,
    rule.interval > 1 && `INTERVAL=${rule.interval}`,
    rule.byMonth.length > 0 && `BYMONTH=${rule.byMonth.join(",")}`,
    rule.byMonthDay.length > 0 && `BYMONTHDAY=${rule.byMonthDay.join(",")}`,
    days.length > 0 && `BYDAY=${days.join(",")}`,
    rule.bySetPosition.length > 0 && `BYSETPOS=${rule.bySetPosition.join(",")}`,
    rule.count !== null && `COUNT=${rule.count}`,
    rule.until !== null && `UNTIL=${rule.until}`,
  ];
  return parts.filter((part) => part !== false).join(";");
}

/** A day of the calendar (`2026-12-07`, also the begin of a local time), in parts. `month` from 1; `weekday` 0 is Monday. */
export function dayParts(text: string): { year: number; month: number; day: number; weekday: number } {
  const [year = 0, month = 1, day = 1] = text.slice(0, 10).split("-").map(Number);
  const weekday = (new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7;
  return { year, month, day, weekday };
}

/** Which of its weekdays a day is in its month, from 1, and whether it is the last one. */
export function placeInMonth(text: string): { ordinal: number; isLast: boolean } {
  const { year, month, day } = dayParts(text);
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return { ordinal: Math.ceil(day / 7), isLast: day + 7 > length };
}
