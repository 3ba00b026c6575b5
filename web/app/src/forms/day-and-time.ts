/** A time as two fields have it, of the viewer: `2026-12-07` and `09:00`. */
export interface DayAndTime {
  readonly day: string;
  readonly time: string;
}

export function dayAndTimeOf(at: Date): DayAndTime {
  const two = (value: number) => String(value).padStart(2, "0");
  return {
    day: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    time: `${two(at.getHours())}:${two(at.getMinutes())}`,
  };
}

/** The instant that is meant (RFC 3339); null: the fields name none. */
export function instantOf({ day, time }: DayAndTime): string | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || !/^\d\d:\d\d$/.test(time)) return null;
  const at = new Date(`${day}T${time}`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
