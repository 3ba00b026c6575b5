/** From values over time to the path of a line in a box. Pure. */

export interface Point {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Null: not known, or nothing: the line has a gap. */
  readonly value: number | null;
}

export interface Scale {
  readonly from: number;
  readonly until: number;
  readonly maximum: number;
  readonly width: number;
  readonly height: number;
  /** Values further apart than this are not joined, milliseconds; `GAP_MS` unless told. */
  readonly gap?: number | undefined;
}

/** Live values further apart than this, milliseconds, are not joined: nobody looked in between. */
export const GAP_MS = 7_000;

/** An SVG path through the points. `isStepped`: a value holds until the next one, as layers do. */
export function linePath(points: readonly Point[], scale: Scale, isStepped = false): string {
  const parts: string[] = [];
  let last: { at: number; x: number } | null = null;
  for (const { at, value } of points) {
    if (value === null || at < scale.from) {
      last = null;
      continue;
    }
    const x = rounded(((at - scale.from) / (scale.until - scale.from)) * scale.width);
    const y = rounded(scale.height - (Math.min(value, scale.maximum) / scale.maximum) * scale.height);
    if (last === null || at - last.at > (scale.gap ?? GAP_MS)) parts.push(`M${x} ${y}`);
    else parts.push(isStepped ? `H${x}V${y}` : `L${x} ${y}`);
    last = { at, x };
  }
  return parts.join("");
}

/** The top of an axis: 1, 2 or 5 times a power of ten, above all values and not under `least`. */
export function niceMaximum(values: readonly (number | null)[], least: number): number {
  const highest = values.reduce<number>((most, value) => Math.max(most, value ?? 0), least);
  const power = 10 ** Math.floor(Math.log10(highest));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= highest * 0.999) ?? 10;
  return step * power;
}

/** Every n-th point, the newest among them, so that at most `count` are left: for a table that can be read. */
export function thinned<Item>(items: readonly Item[], count: number): readonly Item[] {
  const every = Math.max(1, Math.ceil(items.length / count));
  return items.filter((_, index) => (items.length - 1 - index) % every === 0);
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
