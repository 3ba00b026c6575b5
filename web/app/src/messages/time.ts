/** `4:05`, from an hour on `1:04:05`. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** The time of day as people in the viewer's place write it. */
export function clockTime(at: number, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" }).format(at);
}

/** Day and time, shorter the nearer it is: today's needs no date. */
export function dayAndTime(at: number, now: number, locale?: string): string {
  const day = new Date(at);
  const today = new Date(now);
  const isSameDay = day.toDateString() === today.toDateString();
  const options: Intl.DateTimeFormatOptions = { hour: "numeric", minute: "2-digit" };
  if (!isSameDay) Object.assign(options, { day: "numeric", month: "short" });
  if (day.getFullYear() !== today.getFullYear()) options.year = "numeric";
  return new Intl.DateTimeFormat(locale, options).format(day);
}
