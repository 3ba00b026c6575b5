import { describe, expect, it } from "vitest";

import { between, changed, composed, divided, putInFirst, simplified, transformed, type Part, type TextChange } from "./text-change.js";

const ALPHABET = ["a", "b", "\n", "\u{1f600}"];

/** Numbers that look random and are the same each time (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function anyText(below: (most: number) => number, most: number): string {
  return Array.from({ length: below(most + 1) }, () => ALPHABET[below(ALPHABET.length)] ?? "").join("");
}

function anyChange(below: (most: number) => number, text: string): TextChange {
  const parts: Part[] = [];
  let left = Array.from(text).length;
  for (let count = below(6); count > 0; count -= 1) {
    const kind = below(3);
    const length = kind === 0 ? 0 : below(left + 1);
    left -= length;
    parts.push(kind === 0 ? anyText(below, 3) : kind === 1 ? length : -length);
  }
  return parts;
}

function seeds(check: (below: (most: number) => number) => void): void {
  for (let seed = 1; seed <= 500; seed += 1) check(numbers(seed));
}

describe("a change of a text", () => {
  it("keeps, takes out and puts in from the beginning on, by characters", () => {
    expect(changed("a\u{1f600}b", [2, "x", -1])).toBe("a\u{1f600}x");
    expect(() => changed("ab", [3])).toThrow(RangeError);
  });

  it("says the same in as few parts as it takes, as the gateway has it", () => {
    expect(simplified([0, "", 1, 1, -1, "x", -1, "y", 3])).toEqual([2, "xy", -2]);
    seeds((below) => {
      const text = anyText(below, 10);
      const change = anyChange(below, text);
      expect(changed(text, simplified(change))).toBe(changed(text, change));
    });
  });

  it("is made several of, each so large at the most, that do the same and make no text longer than it has to be", () => {
    seeds((below) => {
      const text = anyText(below, 12);
      const change = simplified(anyChange(below, text));
      const after = changed(text, change);
      const longest = Math.max(Array.from(text).length, Array.from(after).length);
      let [now, left] = [text, change];
      for (let count = 0; left.length > 0 && count < 50; count += 1) {
        const [first, rest] = divided(left, 3, 2);
        expect(first.length).toBeLessThanOrEqual(3);
        expect(Array.from(first.filter((part) => typeof part === "string").join("")).length).toBeLessThanOrEqual(2);
        expect(composed(first, rest)).toEqual(left);
        now = changed(now, first);
        expect(Array.from(now).length).toBeLessThanOrEqual(longest);
        left = rest;
      }
      expect(now).toBe(after);
      const [putIn, takenOut] = putInFirst(change);
      expect(composed(putIn, takenOut)).toEqual(change);
    });
  });

  it("is found between two texts, without cutting a character in two", () => {
    expect(between("notes", "nodes")).toEqual([2, "d", -1]);
    expect(between("\u{1f600}", "\u{1f601}")).toEqual(["\u{1f601}", -1]);
    expect(between("aa", "aaa")).toEqual([2, "a"]);
    expect(between("same", "same")).toEqual([]);
    seeds((below) => {
      const [before, after] = [anyText(below, 8), anyText(below, 8)];
      expect(changed(before, between(before, after))).toBe(after);
    });
  });

  it("makes the same text with another one, in either order", () => {
    seeds((below) => {
      const text = anyText(below, 10);
      const [first, second] = [anyChange(below, text), anyChange(below, text)];
      const [firstAfter, secondAfter] = transformed(first, second);
      expect(changed(changed(text, first), secondAfter)).toBe(changed(changed(text, second), firstAfter));
    });
  });

  it("lets what came first come first at the same place", () => {
    expect(transformed([1, "x"], [1, "y"])).toEqual([
      [1, "x"],
      [2, "y"],
    ]);
  });

  it("goes together with one that follows", () => {
    seeds((below) => {
      const text = anyText(below, 10);
      const first = anyChange(below, text);
      const second = anyChange(below, changed(text, first));
      expect(changed(text, composed(first, second))).toBe(changed(changed(text, first), second));
    });
  });
});
