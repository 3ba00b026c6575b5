import type { ParticipantState, TrackSource, TrackState } from "@parley/sdk";

export function trackOf(participant: ParticipantState | null, source: TrackSource): TrackState | null {
  return participant?.tracks.find((track) => track.source === source) ?? null;
}

/** Whether something is published for a source and not muted. */
export function isOn(participant: ParticipantState | null, source: TrackSource): boolean {
  return trackOf(participant, source)?.muted === false;
}
