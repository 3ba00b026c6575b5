import { describe, expect, it } from "vitest";
import { hueOf, initials } from "./identity-mark.js";

describe("initials", () => {
  it.each([
    ["Ada Lovelace", "AL"],
    ["ada", "A"],
    ["Maria del Carmen Ruiz", "MR"],
    ["  Zoë   Ångström ", "ZÅ"],
    ["(guest) Lee", "GL"],
    ["李 小龙", "李小"],
    ["👩‍🚀 Sally", "S"],
    ["", null],
    ["()", null],
  ])("of %j are %j", (name, expected) => {
    expect(initials(name)).toBe(expected);
  });
});

describe("hueOf", () => {
  it("is the same for the same identity and spreads over several hues", () => {
    expect(hueOf("user-1")).toBe(hueOf("user-1"));
    expect(new Set(Array.from({ length: 60 }, (_, index) => hueOf(`user-${index}`))).size).toBeGreaterThan(6);
  });
});
