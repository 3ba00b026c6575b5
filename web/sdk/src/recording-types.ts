/** Recordings (`docs/http-api.md`), in the SDK's camel case. */
import type { RecordingKind } from "./room-state.js";

/** Of meetings that one hosted then; that others share with one; for administrators, all. */
export type RecordingListName = "mine" | "shared" | "all";

/** Being made; over, with its files on their way; ready; or lost, where no file has come in a week. */
export type RecordingProgress = "recording" | "processing" | "ready" | "lost";

/** A stretch that is missing in a recording's files of a kind, and why. */
export interface RecordingGap {
  readonly kind: RecordingKind;
  readonly beginsAt: string;
  readonly endsAt: string;
  readonly reason: "recorder_lost" | "node_lost" | "disk_full" | "moved" | "missing";
}

export interface Recording {
  readonly id: string;
  readonly meetingId: string;
  /** Of the meeting: the time that people met. */
  readonly session: number;
  readonly kind: RecordingKind;
  readonly title: string;
  /** Who hosted the meeting when it was made. */
  readonly hostId: string;
  readonly state: RecordingProgress;
  readonly startedAt: string;
  readonly stoppedAt: string | null;
  readonly stoppedBecause: "asked" | "ended" | "failed" | null;
  readonly readyAt: string | null;
  readonly durationMs: number | null;
  readonly bytes: number | null;
  /** What is missing, once it is ready. */
  readonly gaps: readonly RecordingGap[];
  /** When it is deleted; null: never. */
  readonly expiresAt: string | null;
  /** A picture that stands for it: a moment in which many people are seen. Null: it has none, or not yet. */
  readonly poster: RecordingAddress | null;
  /** What one may do with it. */
  readonly access: "manage" | "view";
}

/** The whole meeting as one; one track of one participant, as it was sent; or the manifest, which says all of it to programs. */
export interface RecordingFile {
  readonly id: string;
  /** A recording that went on at another media node has several. */
  readonly part: string;
  readonly source: "meeting" | "microphone" | "camera" | "screen" | "screen_audio" | "manifest";
  readonly contentType: string;
  readonly codec: string | null;
  readonly participantId: string | null;
  readonly name: string | null;
  /** On the clock that all files of a part share. */
  readonly startMs: number | null;
  readonly durationMs: number | null;
  readonly bytes: number;
  /** Of the whole meeting: who speaks from when on, without gaps. Empty where nobody has listened. */
  readonly chapters: readonly RecordingChapter[];
}

/** A stretch of a file, in which the same people speak mainly. */
export interface RecordingChapter {
  readonly startMs: number;
  readonly endMs: number;
  /** Who speaks most comes first; empty: nobody speaks. */
  readonly speakers: readonly RecordedParticipant[];
}

/** `name` is null where nobody knows it, or is to know it any more. */
export interface RecordedParticipant {
  readonly participantId: string;
  readonly name: string | null;
}

export interface RecordingWithFiles extends Recording {
  /** Who was recorded, in the order in which they came. */
  readonly participants: readonly RecordedParticipant[];
  readonly files: readonly RecordingFile[];
}

/** `url` opens one file until `expiresAt`, for whoever has it. */
export interface RecordingAddress {
  readonly url: string;
  readonly expiresAt: string;
}

/** Somebody with whom a recording is shared. */
export interface RecordingShare {
  /** Names the share. */
  readonly key: string;
  /** Null until an address has an account. */
  readonly userId: string | null;
  readonly address: string | null;
  readonly name: string | null;
  readonly sharedAt: string;
  readonly sharedBy: string;
}
