/** Up to two letters that stand for a name: of its first and last word; null where it has no letters. */
export function initials(name: string): string | null {
  const words = name
    .trim()
    .split(/\s+/u)
    .map((word) => word.replace(/^[^\p{L}\p{N}]+/u, ""))
    .filter((word) => word !== "");
  const first = words[0];
  if (first === undefined) return null;
  const last = words.length > 1 ? words[words.length - 1] : undefined;
  return [first, last ?? ""].map((word) => firstCharacter(word).toLocaleUpperCase()).join("");
}

function firstCharacter(word: string): string {
  const [segment] = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(word);
  return segment?.segment ?? "";
}

/** Hues that differ clearly from each other and from the red of what is off. */
const HUES = [188, 212, 238, 262, 288, 318, 28, 48, 92, 148] as const;

/** A hue in degrees that is always the same for one identity. */
export function hueOf(identity: string): number {
  // FNV-1a: short, and spreads well over few buckets.
  let hash = 0x811c9dc5;
  for (const character of identity) {
    hash ^= character.codePointAt(0) ?? 0;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return HUES[hash % HUES.length] ?? HUES[0];
}
