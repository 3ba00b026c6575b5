import type { Schedule } from "@parley/sdk";

/** When a meeting takes place once, or for the first time, as its time zone has it: day, from, to. */
export function timesText({ start, durationMinutes }: Pick<Schedule, "start" | "durationMinutes">, locale: string): string {
  const from = Date.parse(`${start}Z`);
  const format = new Intl.DateTimeFormat(locale, {
    weekday: "short",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZone: "UTC",
  });
  return format.formatRange(from, from + durationMinutes * 60_000);
}

/** The hours of a series, as its time zone has them. */
export function hoursText({ start, durationMinutes }: Pick<Schedule, "start" | "durationMinutes">, locale: string): string {
  const from = Date.parse(`${start}Z`);
  const format = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", timeZone: "UTC" });
  return format.formatRange(from, from + durationMinutes * 60_000);
}

const MOMENT = {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "numeric",
  minute: "2-digit",
} as const;

/** A moment of the viewer's, with its weekday. `text`: RFC 3339. */
export function momentText(text: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, MOMENT).format(Date.parse(text));
}

/** From when until when people met, for the viewer; without an end as long as they do. Both RFC 3339. */
export function heldText(startedAt: string, endedAt: string | null, locale: string): string {
  if (endedAt === null) return momentText(startedAt, locale);
  return new Intl.DateTimeFormat(locale, MOMENT).formatRange(Date.parse(startedAt), Date.parse(endedAt));
}
