/** Recordings (`docs/http-api.md`), in the SDK's camel case. */

/** Of meetings that one hosted then; that others share with one; for administrators, all. */
export type RecordingListName = "mine" | "shared" | "all";

/** Being made; over, with its files on their way; ready; or lost, where no file has come in a week. */
export type RecordingProgress = "recording" | "processing" | "ready" | "lost";

export interface Recording {
  readonly id: string;
  readonly meetingId: string;
  /** Of the meeting: the time that people met. */
  readonly session: number;
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
  /** When it is deleted; null: never. */
  readonly expiresAt: string | null;
  /** What one may do with it. */
  readonly access: "manage" | "view";
}

/** One track of one participant, as it was sent; or the manifest, which says all of it to programs. */
export interface RecordingFile {
  readonly id: string;
  /** A recording that went on at another media node has several. */
  readonly part: string;
  readonly source: "microphone" | "camera" | "screen" | "screen_audio" | "manifest";
  readonly contentType: string;
  readonly codec: string | null;
  readonly participantId: string | null;
  readonly name: string | null;
  /** On the clock that all files of a part share. */
  readonly startMs: number | null;
  readonly durationMs: number | null;
  readonly bytes: number;
}

export interface RecordingWithFiles extends Recording {
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
