import type { QualityLevel, SoundState, UnplayableReason } from "./room-state.js";
import type { ServerMessages } from "./wire.js";

const SEPARATE: SoundState = { form: "separate", reason: null };

/** What the media nodes tell of what is received: for one connection to the gateway, which begins with all that holds. */
export class MediaNews {
  /** Tracks that the path does not carry. */
  starved: ReadonlySet<string> = new Set();
  /** Tracks in a codec that is not taken here and that the node cannot transcode now, and why. */
  unplayable: ReadonlyMap<string, UnplayableReason> = new Map();
  /** Of the cameras that are wanted, those that are received; null: all. */
  camerasShown: ReadonlySet<string> | null = null;
  sound: SoundState = SEPARATE;
  /** How everybody's connection is, by participant. */
  qualities: ReadonlyMap<string, QualityLevel> = new Map();
  /** Who speaks, the loudest first; null: nobody has told. */
  activeSpeakers: readonly string[] | null = null;

  /** Media begins anew: what was told of it is over. */
  forgetMedia(): void {
    this.starved = new Set();
    this.unplayable = new Map();
    this.camerasShown = null;
    this.sound = SEPARATE;
    this.activeSpeakers = null;
  }

  forgetAll(): void {
    this.forgetMedia();
    this.qualities = new Map();
  }

  hearStarved({ track_id: trackId, starved, reason }: ServerMessages["track_starved"]): void {
    if (reason === "path") {
      const others = [...this.starved].filter((id) => id !== trackId);
      this.starved = new Set(starved ? [...others, trackId] : others);
      return;
    }
    const others = [...this.unplayable].filter(([id, why]) => id !== trackId || (!starved && why !== reason));
    this.unplayable = new Map(starved ? [...others, [trackId, reason]] : others);
  }

  hearCameras({ track_ids: shown }: ServerMessages["cameras_shown"]): void {
    this.camerasShown = shown === null ? null : new Set(shown);
  }

  hearSound({ form, reason }: ServerMessages["sound_changed"]): void {
    this.sound = { form, reason };
  }

  /** `isThere`: who has left meanwhile is forgotten. */
  hearQualities({ participants }: ServerMessages["connection_quality"], isThere: (participantId: string) => boolean): void {
    const changed = participants.map(({ participant_id: id, level }) => [id, level] as const);
    const known = [...this.qualities].filter(([id]) => isThere(id));
    this.qualities = new Map([...known, ...changed]);
  }

  hearSpeakers({ speakers }: ServerMessages["active_speakers"]): void {
    this.activeSpeakers = speakers;
  }
}
