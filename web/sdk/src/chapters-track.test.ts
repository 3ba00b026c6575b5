import { describe, expect, it } from "vitest";
import { chaptersTrack } from "./chapters-track.js";

const named = (...names: string[]) => names.map((name) => ({ participantId: name, name }));

describe("chaptersTrack", () => {
  it("writes each chapter as a cue", () => {
    const chapters = [
      { startMs: 0, endMs: 61_500, speakers: named("Ada") },
      { startMs: 61_500, endMs: 3_723_004, speakers: named("Ben", "Ada") },
    ];
    const track = chaptersTrack(chapters, ({ speakers }) => speakers.map(({ name }) => name).join(", "));
    expect(track).toBe("WEBVTT\n\n00:00:00.000 --> 00:01:01.500\nAda\n\n00:01:01.500 --> 01:02:03.004\nBen, Ada\n");
  });

  it("lets no name be anything but text", () => {
    const [chapter] = [{ startMs: 0, endMs: 1_000, speakers: [] }];
    const track = chaptersTrack([chapter], () => "<b>A & B</b>\n\n00:00 --> 00:10\nC");
    expect(track.split("\n").slice(2)).toEqual([
      "00:00:00.000 --> 00:00:01.000",
      "&lt;b&gt;A &amp; B&lt;/b&gt; 00:00 --&gt; 00:10 C",
      "",
    ]);
  });
});
