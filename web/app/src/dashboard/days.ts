/** What takes place on one day of the viewer's. */
export interface Day<Item> {
  /** Its midnight, milliseconds since the epoch. */
  readonly at: number;
  readonly items: readonly Item[];
}

/** Runs of items of the same day, in the order that they have. */
export function byDay<Item>(items: readonly Item[], momentOf: (item: Item) => number): readonly Day<Item>[] {
  const days: { at: number; items: Item[] }[] = [];
  for (const item of items) {
    const at = midnightBefore(momentOf(item));
    const last = days.at(-1);
    if (last?.at === at) last.items.push(item);
    else days.push({ at, items: [item] });
  }
  return days;
}

/** The day's midnight, milliseconds since the epoch. */
export function midnightBefore(at: number): number {
  const day = new Date(at);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
}

/** How a day stands to today: `0` is today, `1` tomorrow, `-1` yesterday. Days have 23 to 25 hours. */
export function daysFrom(now: number, at: number): number {
  return Math.round((midnightBefore(at) - midnightBefore(now)) / 86_400_000);
}

/** A day by its name: without the year where that is this one. */
export function dayName(at: number, now: number, locale?: string): string {
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(locale, {
    weekday: "long",
    day: "numeric",
    month: "long",
    ...(!isThisYear && { year: "numeric" }),
  }).format(at);
}
