import { describe, expect, it } from "vitest";

import { placeAfter } from "./caret";

describe("placeAfter", () => {
  it.each([
    ["behind what was put in", "one three", "one two three", 6, 10],
    ["before what was put in", "one three", "one two three", 2, 2],
    ["behind what was taken out", "one two three", "one three", 10, 6],
    ["within what was replaced, at its end", "a bbbb c", "a xx c", 4, 4],
    ["at the end", "one", "zero one", 3, 8],
    ["where nothing has changed", "one", "one", 3, 3],
  ])("%s", (_, before, after, place, expected) => {
    expect(placeAfter(before, after, place)).toBe(expected);
  });
});
