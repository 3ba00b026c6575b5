/** What a media node knows of a room's streams and paths (`docs/statistics.md`), and the list of live rooms. */
import type { QualityLevel, Role, TrackSource } from "./room-state.js";

/** A room in which somebody is. */
export interface LiveRoom {
  readonly meetingId: string;
  readonly title: string | null;
  readonly nodeId: string | null;
  readonly hostId: string | null;
  readonly startedAt: string;
  readonly participants: number;
  readonly tracks: number;
  readonly waiting: number;
  readonly locked: boolean;
}

/** Somebody in a live room, in short. */
export interface RoomParticipant {
  readonly id: string;
  readonly identity: string;
  readonly name: string;
  readonly role: Role;
  readonly joinedAt: string;
  readonly connected: boolean;
  readonly tracks: readonly { readonly id: string; readonly source: TrackSource; readonly muted: boolean }[];
}

/** A connection in a few numbers: bits a second, seconds, losses from 0 to 1. Null: not known, or of nothing. */
export interface ParticipantSummary {
  readonly participantId: string;
  readonly level: QualityLevel;
  readonly score: number;
  readonly inboundBitrate: number;
  readonly outboundBitrate: number;
  readonly inboundFractionLost: number | null;
  readonly outboundFractionLost: number | null;
  readonly roundTripTime: number | null;
  readonly availableOutgoingBitrate: number | null;
  readonly wantedOutgoingBitrate: number;
  readonly pictures: number;
  readonly picturesBelow: number;
  readonly starved: number;
}

export interface RoomStatistics {
  readonly nodeId: string | null;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly participants: readonly ParticipantSummary[];
}

export interface OutboundRtp {
  readonly trackId: string;
  readonly publisherId: string;
  readonly muted: boolean;
  readonly active: boolean;
  readonly kind: "audio" | "video";
  readonly mimeType: string;
  readonly bitrate: number;
  readonly layer: number | null;
  readonly rid: string | null;
  readonly spatialLayer: number | null;
  readonly temporalLayer: number | null;
  readonly expectedLayer: number | null;
  readonly starved: boolean;
  readonly packetsSent: number;
  readonly retransmittedPacketsSent: number;
  readonly remoteInbound: {
    readonly packetsLost: number;
    readonly fractionLost: number;
    readonly jitter: number;
    readonly roundTripTime: number | null;
  };
}

export interface InboundRtp {
  readonly trackId: string;
  readonly muted: boolean;
  readonly kind: "audio" | "video";
  readonly mimeType: string;
  readonly layer: number;
  readonly rid: string | null;
  readonly bitrate: number;
  readonly fractionLost: number;
  readonly jitter: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
}

export interface CandidatePair {
  readonly connection: "publish" | "subscribe";
  readonly state: "waiting" | "succeeded" | "failed";
  readonly protocol: "udp" | "tcp" | null;
  readonly addressFamily: "IPv4" | "IPv6" | null;
}

export interface ParticipantStatistics {
  readonly nodeId: string | null;
  readonly timestamp: number;
  readonly summary: ParticipantSummary;
  readonly candidatePairs: readonly CandidatePair[];
  readonly inboundRtp: readonly InboundRtp[];
  readonly outboundRtp: readonly OutboundRtp[];
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}
