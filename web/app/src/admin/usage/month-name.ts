import { beginOf } from "./usage.js";

/** A month, such as `2026-11`, as people write it. */
export function monthName(month: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { month: "long", year: "numeric", timeZone: "UTC" }).format(beginOf(month));
}
