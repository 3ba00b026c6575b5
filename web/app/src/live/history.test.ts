import type { OutboundRtp, ParticipantStatistics, ParticipantSummary } from "@parley/sdk";
import { describe, expect, it } from "vitest";
import { beginOf, KEPT_MS, NO_HISTORY, NO_LAYERS, pointsOf, withLayers, withStatistics } from "./history.js";

const summary = (participantId: string, change: Partial<ParticipantSummary> = {}): ParticipantSummary => ({
  participantId,
  level: "good",
  score: 4,
  inboundBitrate: 0,
  outboundBitrate: 0,
  inboundFractionLost: null,
  outboundFractionLost: null,
  roundTripTime: null,
  availableOutgoingBitrate: null,
  wantedOutgoingBitrate: 0,
  pictures: 0,
  picturesBelow: 0,
  starved: 0,
  ...change,
});
const room = (timestamp: number, ...participants: ParticipantSummary[]) => ({ nodeId: "n", timestamp, participants });

describe("withStatistics", () => {
  it("adds each look once, and keeps five minutes", () => {
    let history = withStatistics(NO_HISTORY, room(1_000, summary("a", { inboundBitrate: 1 })));
    history = withStatistics(history, room(1_000, summary("a", { inboundBitrate: 9 })));
    history = withStatistics(history, room(3_000, summary("a", { inboundBitrate: 2 })));
    const values = () => pointsOf(history.people.get("a") ?? [], (each) => each.inboundBitrate);
    expect(values()).toEqual([
      { at: 1_000, value: 1 },
      { at: 3_000, value: 2 },
    ]);
    history = withStatistics(history, room(1_000 + KEPT_MS, summary("a", { inboundBitrate: 3 })));
    expect(values().map(({ value }) => value)).toEqual([2, 3]);
    expect(withStatistics(history, room(2_000, summary("b")))).toBe(history);
  });

  it("fills the graphs with the first minute, and grows to five", () => {
    const first = withStatistics(NO_HISTORY, room(100_000, summary("a")));
    expect(beginOf(first)).toBe(40_000);
    const later = withStatistics(first, room(220_000, summary("a")));
    expect(beginOf(later)).toBe(100_000);
    expect(beginOf(withStatistics(later, room(500_000, summary("a"))))).toBe(220_000);
  });

  it("forgets who has left", () => {
    const both = withStatistics(NO_HISTORY, room(1_000, summary("a"), summary("b")));
    expect([...withStatistics(both, room(2_000, summary("b"))).people.keys()]).toEqual(["b"]);
  });
});

describe("withLayers", () => {
  const stream = (change: Partial<OutboundRtp> = {}): OutboundRtp => ({
    trackId: "t",
    publisherId: "ben",
    muted: false,
    active: true,
    kind: "video",
    mimeType: "video/VP8",
    bitrate: 0,
    layer: 2,
    rid: "f",
    spatialLayer: 0,
    temporalLayer: null,
    expectedLayer: 2,
    starved: false,
    packetsSent: 0,
    retransmittedPacketsSent: 0,
    remoteInbound: { packetsLost: 0, fractionLost: 0, jitter: 0, roundTripTime: null },
    ...change,
  });
  const read = (timestamp: number, ...outboundRtp: OutboundRtp[]): ParticipantStatistics => ({
    nodeId: "n",
    timestamp,
    summary: summary("me"),
    candidatePairs: [],
    inboundRtp: [],
    outboundRtp,
  });

  it("counts layers from one, so that nothing is zero", () => {
    let history = withLayers(NO_LAYERS, read(1_000, stream(), stream({ trackId: "sound", kind: "audio" })));
    history = withLayers(history, read(3_000, stream({ starved: true })));
    history = withLayers(history, read(5_000, stream({ active: false })));
    expect(history.traces).toEqual([
      {
        trackId: "t",
        publisherId: "ben",
        samples: [
          { at: 1_000, layer: 3, expected: 3 },
          { at: 3_000, layer: 0, expected: 3 },
          { at: 5_000, layer: 0, expected: 0 },
        ],
      },
    ]);
    expect(withLayers(history, read(6_000)).traces).toEqual([]);
  });

  it("takes the spatial layer where one encoding has several", () => {
    const { traces } = withLayers(NO_LAYERS, read(1_000, stream({ rid: null, mimeType: "video/VP9", layer: 0, spatialLayer: 1 })));
    expect(traces[0]?.samples).toEqual([{ at: 1_000, layer: 2, expected: null }]);
  });
});
