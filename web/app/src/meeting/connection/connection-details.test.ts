import type { RoomStats, TrackStats } from "@parley/sdk";
import { describe, expect, it } from "vitest";
import { person, track } from "../layout/people-fixture.js";
import { roundTripOf, streamsOf, verdictOn } from "./connection-details.js";

const entry = (trackId: string, change: Partial<TrackStats> = {}): TrackStats => ({
  trackId,
  direction: "received",
  kind: "video",
  rid: null,
  codec: "video/VP8",
  bytes: 0,
  packets: 0,
  packetsLost: 0,
  jitter: null,
  frames: null,
  width: 640,
  height: 360,
  framesPerSecond: 30,
  totalAudioEnergy: null,
  ...change,
});
const stats = (...tracks: TrackStats[]): RoomStats => ({
  tracks,
  roundTrip: { publishing: 0.04, subscribing: 0.05, direct: null },
});

describe("streamsOf", () => {
  const ben = person("ben", { tracks: [track("ben", "camera"), track("ben", "microphone", { muted: true })] });

  it("tells rate and loss between two measurements", () => {
    const before = { at: 1000, stats: stats(entry("ben-camera", { bytes: 1000, packets: 100, packetsLost: 5 })) };
    const now = { at: 3000, stats: stats(entry("ben-camera", { bytes: 251_000, packets: 190, packetsLost: 15 })) };
    expect(streamsOf(ben, now, before)).toEqual([
      {
        source: "camera",
        direction: "received",
        bitrate: 1_000_000,
        loss: 0.1,
        codec: "VP8",
        width: 640,
        height: 360,
        framesPerSecond: 30,
      },
    ]);
    expect(streamsOf(ben, now, null)[0]).toMatchObject({ bitrate: null, loss: null });
  });

  it("sums up what is sent in several layers, and names the largest", () => {
    const self = person("me", { isSelf: true, tracks: [track("me", "camera")] });
    const layers = (bytes: number) =>
      stats(
        entry("me-camera", { direction: "sent", bytes, height: 180, width: 320 }),
        entry("me-camera", { direction: "sent", bytes, height: 720, width: 1280 }),
      );
    const [camera] = streamsOf(self, { at: 1000, stats: layers(125_000) }, { at: 0, stats: layers(0) });
    expect(camera).toMatchObject({ bitrate: 2_000_000, height: 720, loss: null });
  });

  it("leaves out what does not flow, and survives a connection that began anew", () => {
    const before = { at: 0, stats: stats(entry("ben-camera", { bytes: 5000 })) };
    expect(streamsOf(ben, { at: 1000, stats: stats() }, before)).toEqual([]);
    const anew = { at: 1000, stats: stats(entry("ben-camera", { bytes: 10 })) };
    expect(streamsOf(ben, anew, before)[0]?.bitrate).toBe(0);
  });

  it("takes the round trip of the way that somebody's streams go", () => {
    expect(roundTripOf(person("me", { isSelf: true }), stats())).toBe(0.04);
    expect(roundTripOf(ben, stats())).toBe(0.05);
  });
});

describe("verdictOn", () => {
  const fine = (id: string) => person(id, { connectionQuality: "good" });
  const weak = (id: string) => person(id, { connectionQuality: "poor" });
  const self = (level: "good" | "lost") => person("me", { isSelf: true, connectionQuality: level });

  it.each([
    ["somebody's good connection", fine("a"), [self("good")], "fine"],
    ["one that nobody knows", person("a"), [self("good")], "unknown"],
    ["theirs while one's own is good", weak("a"), [self("good"), fine("b")], "them"],
    ["theirs while one's own is weak too", weak("a"), [self("lost"), fine("b"), fine("c")], "you"],
    ["nearly everybody's", weak("a"), [self("good"), weak("b"), weak("c")], "service"],
  ] as const)("on %s", (_, someone, others, verdict) => {
    expect(verdictOn(someone, [someone, ...others])).toBe(verdict);
  });

  it("on one's own weak connection: oneself", () => {
    const me = self("lost");
    expect(verdictOn(me, [me, fine("b"), fine("c")])).toBe("you");
  });
});
