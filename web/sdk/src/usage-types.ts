/** What administrators see of the meeting service (`docs/http-api.md`), in the SDK's camel case. */

/** A day, such as `2026-11-29`, or a month, such as `2026-11` (UTC). Meetings are counted once they have ended. */
export interface UsagePeriod {
  readonly period: string;
  readonly meetings: number;
  readonly participants: number;
  readonly participantMinutes: number;
  /** At once, in a quarter of an hour. */
  readonly peakPeople: number;
  readonly peakMeetings: number;
}

/** What somebody hosted in a month. */
export interface HostUsage {
  readonly userId: string;
  readonly name: string;
  readonly meetings: number;
  readonly participants: number;
  readonly participantMinutes: number;
}

/** Which days; the last thirty unless told, at most 366. */
export interface UsageSearch {
  readonly by?: "day" | "month";
  readonly from?: string;
  readonly to?: string;
}

/** A fact of a room that could not be taken. */
export interface SetAsideFact {
  readonly id: string;
  /** The room's; empty where the fact has none that can be used. */
  readonly meetingId: string;
  readonly version: number;
  readonly eventType: string | null;
  readonly reason: string;
  readonly setAsideAt: string;
  /** How often it was tried again. */
  readonly tries: number;
}

export interface SetAsideFactWhole extends SetAsideFact {
  /** As it came, but for what people wrote; null if it is too long to be kept whole. */
  readonly fact: unknown;
}
