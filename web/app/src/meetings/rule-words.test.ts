import { describe, expect, it } from "vitest";
import { meetings as de } from "../messages/meetings.de.js";
import { meetings as en } from "../messages/meetings.en.js";
import TABLE from "../../../../tests/data/rule_words.json" with { type: "json" };
import { ruleInWords } from "./rule-words.js";
import { formatRule, parseRule, placeInMonth } from "./rule.js";

/** What the table is of: the service's own test has the same. */
const START = { start: "2026-12-07T09:00:00", timeZone: "Europe/Berlin" };

describe("ruleInWords", () => {
  it.each(TABLE)("says $rule as the service does", ({ rule, ...said }) => {
    expect(ruleInWords(en, { ...START, rule })).toBe(said.en);
    expect(ruleInWords(de, { ...START, rule })).toBe(said.de);
  });

  it("says nothing of what takes place once", () => {
    expect(ruleInWords(en, { ...START, rule: null })).toBeNull();
  });
});

describe("parseRule and formatRule", () => {
  it.each(TABLE)("keep $rule", ({ rule }) => {
    expect(parseRule(formatRule(parseRule(rule)))).toEqual(parseRule(rule));
  });
});

describe("placeInMonth", () => {
  it.each([
    ["2026-12-01", 1, false],
    ["2026-12-07", 1, false],
    ["2026-12-08", 2, false],
    ["2026-12-25", 4, true],
    ["2026-12-31", 5, true],
    ["2027-02-22", 4, true],
  ])("of %s is %i, the last: %s", (day, ordinal, isLast) => {
    expect(placeInMonth(day)).toEqual({ ordinal, isLast });
  });
});
