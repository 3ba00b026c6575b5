import type { HostUsage, UsagePeriod, UsageSearch } from "@parley/sdk";

/** How far back the page looks, in days; a year is shown by month. */
export const SPANS = ["30", "90", "365"] as const;
export type Span = (typeof SPANS)[number];

const DAY_MS = 86_400_000;

/** What to ask for, so that today (UTC) is the last day. A year begins with a month, so that none is cut off. */
export function searchOf(span: Span, now: number): Required<UsageSearch> {
  const to = dayOf(now);
  if (span !== "365") return { by: "day", from: dayOf(now - (Number(span) - 1) * DAY_MS), to };
  const today = new Date(now);
  return { by: "month", from: dayOf(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - 11, 1)), to };
}

/** The months that hosts can be looked at of, the present one first, such as `2026-11`. */
export function monthsUntil(now: number, count: number): readonly string[] {
  const today = new Date(now);
  return Array.from({ length: count }, (_, back) =>
    dayOf(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back, 1)).slice(0, 7),
  );
}

/** When a day or a month begins (UTC), milliseconds since the epoch. */
export function beginOf(period: string): number {
  return Date.parse(period.length === 7 ? `${period}-01` : period);
}

export interface Totals {
  readonly meetings: number;
  readonly participants: number;
  readonly participantMinutes: number;
  readonly peakPeople: number;
}

/** What periods come to together. */
export function totalsOf(periods: readonly UsagePeriod[]): Totals {
  const sum = (of: (period: UsagePeriod) => number) => periods.reduce((total, period) => total + of(period), 0);
  return {
    meetings: sum(({ meetings }) => meetings),
    participants: sum(({ participants }) => participants),
    participantMinutes: sum(({ participantMinutes }) => participantMinutes),
    peakPeople: Math.max(0, ...periods.map(({ peakPeople }) => peakPeople)),
  };
}

/** Those with most minutes first; the service's order means nothing. */
export function inOrder(hosts: readonly HostUsage[]): readonly HostUsage[] {
  return [...hosts].sort((one, other) => other.participantMinutes - one.participantMinutes || other.meetings - one.meetings);
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
