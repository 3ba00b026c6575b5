/** A day as people in the viewer's place write it. `text`: RFC 3339. */
export function day(text: string, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" }).format(Date.parse(text));
}

/** Day and time, to the second where `isExact`. */
export function moment(text: string, locale?: string, isExact = false): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: isExact ? "medium" : "short" };
  return new Intl.DateTimeFormat(locale, options).format(Date.parse(text));
}

/** The heading over what happened on one day. */
export function dayHeading(text: string, locale?: string): string {
  const options: Intl.DateTimeFormatOptions = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
  return new Intl.DateTimeFormat(locale, options).format(Date.parse(text));
}

/** The time of day, to the second. */
export function exactTime(text: string, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { timeStyle: "medium" }).format(Date.parse(text));
}
