/** Numbers with their units, as people in the viewer's place write them. */

/** Bits a second: `850 kbit/s`, `1.2 Mbit/s`. */
export function bitrateText(bitsPerSecond: number, locale?: string): string {
  if (bitsPerSecond < 999_500) return `${rounded(bitsPerSecond / 1000, 0, locale)} kbit/s`;
  return `${rounded(bitsPerSecond / 1e6, 1, locale)} Mbit/s`;
}

/** A share from 0 to 1: `0.4 %`, `12 %`. */
export function percentText(share: number, locale?: string): string {
  const percent = share * 100;
  return `${rounded(percent, percent > 0 && percent < 9.95 ? 1 : 0, locale)} %`;
}

/** Seconds, as milliseconds: `48 ms`. */
export function millisecondsText(seconds: number, locale?: string): string {
  return `${rounded(seconds * 1000, 0, locale)} ms`;
}

/** Octets: `850 kB`, `1.2 MB`, `3.4 GB` (powers of a thousand). */
export function bytesText(bytes: number, locale?: string): string {
  if (bytes < 999_500) return `${rounded(Math.ceil(bytes / 1000), 0, locale)} kB`;
  if (bytes < 999_950_000) return `${rounded(bytes / 1e6, 1, locale)} MB`;
  return `${rounded(bytes / 1e9, 1, locale)} GB`;
}

function rounded(value: number, digits: number, locale?: string): string {
  return new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}
