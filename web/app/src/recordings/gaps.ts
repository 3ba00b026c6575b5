import type { RecordingGap } from "@parley/sdk";

/** From when to when, as the viewer's clock has it: with its day where it goes on to another one. */
export function gapTimes({ beginsAt, endsAt }: RecordingGap, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit", second: "2-digit" }).formatRange(
    Date.parse(beginsAt),
    Date.parse(endsAt),
  );
}

/** How long it is: a second at the least, since it is told in seconds. */
export function gapLengthMs({ beginsAt, endsAt }: RecordingGap): number {
  return Math.max(1000, Math.round((Date.parse(endsAt) - Date.parse(beginsAt)) / 1000) * 1000);
}
