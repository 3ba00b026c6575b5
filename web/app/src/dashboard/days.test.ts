import { describe, expect, it } from "vitest";
import { byDay, dayName, daysFrom } from "./days.js";

const at = (...parts: [number, number, number, number?, number?]) => new Date(...parts).getTime();

describe("byDay", () => {
  it("puts what is on one day together, in the order that it has", () => {
    const times = [at(2026, 11, 1, 9), at(2026, 11, 1, 23, 59), at(2026, 11, 2), at(2026, 11, 9, 12)];
    const days = byDay(times, (time) => time);
    expect(days.map(({ items }) => items.length)).toEqual([2, 1, 1]);
    expect(days.map((day) => day.at)).toEqual([at(2026, 11, 1), at(2026, 11, 2), at(2026, 11, 9)]);
  });

  it("is empty of nothing", () => {
    expect(byDay([], () => 0)).toEqual([]);
  });
});

describe("daysFrom", () => {
  it.each([
    [at(2026, 11, 1, 23, 59), 0],
    [at(2026, 11, 2), 1],
    [at(2026, 10, 30, 23), -1],
    [at(2027, 11, 1, 12), 365],
  ])("%i is %i days away", (day, expected) => {
    expect(daysFrom(at(2026, 11, 1, 0, 1), day)).toBe(expected);
  });

  it("counts days of 23 and of 25 hours as days", () => {
    for (let month = 0; month < 12; month++) expect(daysFrom(at(2026, month, 1, 12), at(2026, month, 29, 3))).toBe(28);
  });
});

describe("dayName", () => {
  it("has the year where that is another one", () => {
    expect(dayName(at(2026, 11, 7), at(2026, 11, 1), "de")).toBe("Montag, 7. Dezember");
    expect(dayName(at(2027, 0, 4), at(2026, 11, 1), "de")).toBe("Montag, 4. Januar 2027");
  });
});
