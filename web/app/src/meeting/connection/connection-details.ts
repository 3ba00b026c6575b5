/** What is told of a connection in the meeting: from two measurements of the browser's, and from what the node says of all. Pure. */
import type { ParticipantState, RoomStats, TrackSource, TrackStats } from "@parley/sdk";
import { isWeak } from "../../ui/quality.js";

/** One stream of somebody, as this browser sends or receives it. */
export interface StreamDetails {
  readonly source: TrackSource;
  readonly direction: "sent" | "received";
  /** Bits a second since the measurement before; null with the first. */
  readonly bitrate: number | null;
  /** Of what was received, 0 to 1; null for what is sent, and where nothing came. */
  readonly loss: number | null;
  /** `VP8`, `opus`. */
  readonly codec: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly framesPerSecond: number | null;
}

export interface Measurement {
  readonly at: number;
  readonly stats: RoomStats;
}

/** Somebody's streams that flow here, the largest layer for what is sent in several. */
export function streamsOf(
  participant: ParticipantState,
  now: Measurement,
  before: Measurement | null,
): readonly StreamDetails[] {
  return participant.tracks.flatMap((track) => {
    const entries = now.stats.tracks.filter(({ trackId }) => trackId === track.id);
    const largest = [...entries].sort((a, b) => (b.height ?? 0) - (a.height ?? 0))[0];
    if (largest === undefined || track.muted) return [];
    const earlier = before === null ? null : before.stats.tracks.filter(({ trackId }) => trackId === track.id);
    const seconds = before === null ? 0 : (now.at - before.at) / 1000;
    const difference = (of: (entry: TrackStats) => number) =>
      earlier === null ? 0 : Math.max(0, sum(entries, of) - sum(earlier, of));
    const packets = difference((entry) => entry.packets);
    const lost = difference((entry) => entry.packetsLost);
    return [
      {
        source: track.source,
        direction: largest.direction,
        bitrate: seconds > 0 ? (difference((entry) => entry.bytes) * 8) / seconds : null,
        loss: largest.direction === "received" && packets + lost > 0 ? lost / (packets + lost) : null,
        codec: largest.codec?.split("/")[1] ?? null,
        width: largest.width,
        height: largest.height,
        framesPerSecond: largest.framesPerSecond,
      },
    ];
  });
}

/** Seconds, of the way that somebody's streams take here; null until it is known. */
export function roundTripOf(participant: ParticipantState, { roundTrip }: RoomStats): number | null {
  if (participant.isSelf) return roundTrip.publishing ?? roundTrip.subscribing;
  return roundTrip.subscribing ?? roundTrip.direct;
}

/** Whose fault it is, as far as anybody can tell. */
export type Verdict = "fine" | "you" | "them" | "service" | "unknown";

const MOST = 0.6;
/** Fewer people than this say nothing of the service. */
const ENOUGH_PEOPLE = 4;

/** What to say of somebody's connection: whose it is that is weak, theirs, one's own, or (if nearly all are) the service's. */
export function verdictOn(participant: ParticipantState, all: readonly ParticipantState[]): Verdict {
  const known = all.filter(({ connectionQuality }) => connectionQuality !== null);
  const weak = known.filter(({ connectionQuality }) => isWeak(connectionQuality));
  const self = all.find(({ isSelf }) => isSelf);
  if (participant.connectionQuality === null) return "unknown";
  if (!isWeak(participant.connectionQuality)) return "fine";
  if (known.length >= ENOUGH_PEOPLE && weak.length / known.length >= MOST) return "service";
  if (participant.isSelf) return "you";
  return self !== undefined && isWeak(self.connectionQuality) ? "you" : "them";
}

function sum(entries: readonly TrackStats[], of: (entry: TrackStats) => number): number {
  return entries.reduce((total, entry) => total + of(entry), 0);
}
