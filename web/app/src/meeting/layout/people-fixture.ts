import type { ParticipantState, TrackSource, TrackState } from "@parley/sdk";

const PERMISSIONS = { publish: ["audio", "video", "screen"], subscribe: true, chat: true, moderate: false, record: false, notes: true } as const;

/** A participant for tests and previews. */
export function person(id: string, change: Partial<ParticipantState> = {}): ParticipantState {
  return {
    id,
    identity: `user-${id}`,
    name: `Person ${id}`,
    role: "participant",
    kind: "person",
    isSelf: false,
    connected: true,
    permissions: PERMISSIONS,
    joinedAt: 0,
    handRaised: null,
    breakout: null,
    assignedBreakout: null,
    tracks: [],
    speaking: false,
    encryption: null,
    connectionQuality: null,
    ...change,
  };
}

export function track(participantId: string, source: TrackSource, change: Partial<TrackState> = {}): TrackState {
  return {
    id: `${participantId}-${source}`,
    participantId,
    source,
    kind: source === "camera" || source === "screen" ? "video" : "audio",
    muted: false,
    starved: false,
    unplayable: null,
    hidden: false,
    isLocal: false,
    mediaTrack: null,
    ...change,
  };
}
