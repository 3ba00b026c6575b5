/** What was seen of a room while the page was open: the last five minutes, person by person. Pure. */
import type { OutboundRtp, ParticipantStatistics, ParticipantSummary, RoomStatistics } from "@parley/sdk";
import type { Point } from "../graphs/geometry.js";

export const KEPT_MS = 300_000;

export interface Sample {
  readonly at: number;
  readonly summary: ParticipantSummary;
}

export interface RoomHistory {
  /** When the newest numbers were read at the node; null before the first. */
  readonly newest: number | null;
  /** By participant; only who is there now. */
  readonly people: ReadonlyMap<string, readonly Sample[]>;
}

export const NO_HISTORY: RoomHistory = { newest: null, people: new Map() };

/** The history with new numbers. The node's own times count; the same numbers again change nothing. */
export function withStatistics(history: RoomHistory, { timestamp, participants }: RoomStatistics): RoomHistory {
  if (history.newest !== null && timestamp <= history.newest) return history;
  const people = participants.map((summary) => {
    const before = history.people.get(summary.participantId) ?? [];
    return [summary.participantId, [...recent(before, timestamp), { at: timestamp, summary }]] as const;
  });
  return { newest: timestamp, people: new Map(people) };
}

/** The first minute fills the graphs; from then on they grow to five. */
const SHORTEST_MS = 60_000;

/** From when on graphs show what was seen. */
export function beginOf({ newest, people }: RoomHistory): number {
  const until = newest ?? 0;
  const firsts = [...people.values()].map((samples) => samples[0]?.at ?? until);
  return Math.max(until - KEPT_MS, Math.min(until - SHORTEST_MS, ...firsts));
}

/** How everybody is now. */
export function latestOf({ people }: RoomHistory): readonly ParticipantSummary[] {
  return [...people.values()].flatMap((samples) => samples.at(-1)?.summary ?? []);
}

/** One of somebody's numbers over time. */
export function pointsOf(samples: readonly Sample[], of: (summary: ParticipantSummary) => number | null): Point[] {
  return samples.map(({ at, summary }) => ({ at, value: of(summary) }));
}

/** What somebody is sent of one picture, over time. */
export interface LayerTrace {
  readonly trackId: string;
  readonly publisherId: string;
  readonly samples: readonly LayerSample[];
}

export interface LayerSample {
  readonly at: number;
  /** From 1, so that nothing is 0. */
  readonly layer: number;
  /** Null where it is not known: of an encoding with spatial layers. */
  readonly expected: number | null;
}

export interface LayerHistory {
  readonly newest: number | null;
  readonly traces: readonly LayerTrace[];
}

export const NO_LAYERS: LayerHistory = { newest: null, traces: [] };

/** The layers with new numbers; pictures that are not received any more are left out. */
export function withLayers(history: LayerHistory, { timestamp, outboundRtp }: ParticipantStatistics): LayerHistory {
  if (history.newest !== null && timestamp <= history.newest) return history;
  const traces = outboundRtp
    .filter(({ kind }) => kind === "video")
    .map((stream) => {
      const before = history.traces.find(({ trackId }) => trackId === stream.trackId)?.samples ?? [];
      const { trackId, publisherId } = stream;
      return { trackId, publisherId, samples: [...recent(before, timestamp), layersIn(stream, timestamp)] };
    });
  return { newest: timestamp, traces };
}

/** Codecs that may have spatial layers within one encoding. */
const SCALABLE = new Set(["video/VP9", "video/AV1"]);

function layersIn(stream: OutboundRtp, at: number): LayerSample {
  const isOn = stream.active && !stream.muted;
  const within = stream.rid === null && SCALABLE.has(stream.mimeType) ? stream.spatialLayer : null;
  return {
    at,
    layer: isOn && !stream.starved && stream.layer !== null ? (within ?? stream.layer) + 1 : 0,
    expected: within !== null ? null : isOn && stream.expectedLayer !== null ? stream.expectedLayer + 1 : 0,
  };
}

function recent<Item extends { readonly at: number }>(items: readonly Item[], now: number): readonly Item[] {
  return items.filter(({ at }) => at > now - KEPT_MS);
}
