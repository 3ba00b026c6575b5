import { describe, expect, it } from "vitest";
import { ONCE, repetitionOf, ruleOf, type Repetition } from "./repetition.js";

const MONDAY = "2026-12-07";
const of = (facts: Partial<Repetition>) => ruleOf({ ...ONCE, ...facts }, MONDAY);

describe("ruleOf", () => {
  it.each<[Partial<Repetition>, string | null]>([
    [{ choice: "never" }, null],
    [{ choice: "daily" }, "FREQ=DAILY"],
    [{ choice: "workdays" }, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"],
    [{ choice: "weekly" }, "FREQ=WEEKLY;BYDAY=MO"],
    [{ choice: "monthly" }, "FREQ=MONTHLY;BYMONTHDAY=7"],
    [{ choice: "weekday" }, "FREQ=MONTHLY;BYDAY=1MO"],
    [{ choice: "yearly" }, "FREQ=YEARLY"],
    [{ choice: "daily", ends: "after", count: 5 }, "FREQ=DAILY;COUNT=5"],
    [{ choice: "daily", ends: "on", until: "2027-04-30" }, "FREQ=DAILY;UNTIL=20270430"],
    [{ choice: "custom", interval: 2, days: [4, 2] }, "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR"],
    [{ choice: "custom", frequency: "MONTHLY", monthly: "last" }, "FREQ=MONTHLY;BYDAY=-1MO"],
    [{ choice: "custom", frequency: "DAILY", interval: 3, days: [4] }, "FREQ=DAILY;INTERVAL=3"],
  ])("of %j is %s", (facts, rule) => {
    expect(of(facts)).toBe(rule);
  });

  it("takes the last weekday of a month where there is no fifth in every one", () => {
    expect(ruleOf({ ...ONCE, choice: "weekday" }, "2026-12-29")).toBe("FREQ=MONTHLY;BYDAY=-1TU");
  });
});

describe("repetitionOf", () => {
  it.each([
    ["FREQ=DAILY", "daily"],
    ["FREQ=WEEKLY", "weekly"],
    ["FREQ=WEEKLY;BYDAY=FR,TH,WE,TU,MO", "workdays"],
    ["FREQ=MONTHLY", "monthly"],
    ["FREQ=MONTHLY;BYDAY=1MO", "weekday"],
    ["FREQ=MONTHLY;BYDAY=-1MO", "custom"],
    ["FREQ=YEARLY;COUNT=3", "yearly"],
    ["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20270430", "custom"],
    ["FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "kept"],
    ["FREQ=YEARLY;BYMONTH=3,12;BYDAY=2SU", "kept"],
    ["FREQ=DAILY;UNTIL=20270430T223000Z", "kept"],
  ])("shows %s as %s", (rule, choice) => {
    expect(repetitionOf(rule, MONDAY).choice).toBe(choice);
  });

  it.each(["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;COUNT=4", "FREQ=MONTHLY;BYDAY=1MO,3MO", "FREQ=DAILY;UNTIL=20270430", "FREQ=MONTHLY;BYDAY=-1MO"])(
    "loses nothing of %s",
    (rule) => {
      expect(ruleOf(repetitionOf(rule, MONDAY), MONDAY)).toBe(rule);
    },
  );

  it("is once without a rule", () => {
    expect(repetitionOf(null, MONDAY)).toEqual(ONCE);
  });
});
