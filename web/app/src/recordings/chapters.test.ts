import { describe, expect, it } from "vitest";
import { chapterAt, namesOf } from "./chapters.js";

const chapter = (startMs: number, endMs: number) => ({ startMs, endMs, speakers: [] });

describe("chapterAt", () => {
  const chapters = [chapter(0, 10_000), chapter(10_000, 25_500), chapter(25_500, 60_000)];

  it("is the last one that has begun", () => {
    expect([0, 9_999, 10_000, 25_499, 25_500, 90_000].map((at) => chapterAt(chapters, at))).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it("is none where there are none", () => {
    expect(chapterAt([], 5)).toBe(-1);
  });
});

it("names those who came back under another id once, and nobody whose name is not known", () => {
  const people = ["Ada", null, "Ben", "Ada"].map((name, at) => ({ participantId: `p_${at}`, name }));
  expect(namesOf(people)).toEqual(["Ada", "Ben"]);
});
