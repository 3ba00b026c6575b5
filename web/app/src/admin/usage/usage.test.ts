import { describe, expect, it } from "vitest";
import { beginOf, inOrder, monthsUntil, searchOf, totalsOf } from "./usage.js";

const NEW_YEAR = Date.parse("2027-01-01T00:30:00Z");

describe("searchOf", () => {
  it("ends today and has so many days", () => {
    expect(searchOf("30", NEW_YEAR)).toEqual({ by: "day", from: "2026-12-03", to: "2027-01-01" });
  });

  it("has twelve whole months but for the present one, of no more days than the service answers", () => {
    const search = searchOf("365", Date.parse("2028-12-31T23:59:00Z"));
    expect(search).toEqual({ by: "month", from: "2028-01-01", to: "2028-12-31" });
    expect((beginOf(search.to) - beginOf(search.from)) / 86_400_000).toBeLessThan(366);
  });
});

describe("monthsUntil", () => {
  it("goes back over the turn of the year", () => {
    expect(monthsUntil(NEW_YEAR, 3)).toEqual(["2027-01", "2026-12", "2026-11"]);
  });
});

describe("totalsOf", () => {
  const period = { period: "2026-11-29", meetings: 2, participants: 5, participantMinutes: 90, peakPeople: 4, peakMeetings: 1 };

  it("adds up what can be added, and takes the highest of peaks", () => {
    const other = { ...period, meetings: 1, peakPeople: 3 };
    expect(totalsOf([period, other])).toEqual({ meetings: 3, participants: 10, participantMinutes: 180, peakPeople: 4 });
    expect(totalsOf([])).toEqual({ meetings: 0, participants: 0, participantMinutes: 0, peakPeople: 0 });
  });
});

describe("inOrder", () => {
  it("has those with most minutes first, then those with most meetings", () => {
    const host = (userId: string, participantMinutes: number, meetings: number) => ({
      userId,
      name: userId,
      meetings,
      participants: 1,
      participantMinutes,
    });
    const hosts = [host("a", 5, 1), host("b", 9, 1), host("c", 5, 2)];
    expect(inOrder(hosts).map(({ userId }) => userId)).toEqual(["b", "c", "a"]);
  });
});
