/** Who speaks, from levels read ten times a second. Pure: the caller brings levels and time. */

/** About -35 dBov: louder than a fan, softer than a murmur. */
const SPEAKING_LEVEL = 0.018;
/** Shorter pauses belong to speech, milliseconds. */
const PAUSE_MS = 700;

export class SpeakingDetector {
  readonly #lastLoud = new Map<string, number>();
  #speaking: ReadonlySet<string> = new Set();

  /** The ids that speak at `now` (milliseconds); the same set as before when it has not changed. */
  update(levels: ReadonlyMap<string, number>, now: number): ReadonlySet<string> {
    for (const [id, level] of levels) {
      if (level >= SPEAKING_LEVEL) this.#lastLoud.set(id, now);
    }
    for (const [id, at] of this.#lastLoud) {
      if (now - at > PAUSE_MS || !levels.has(id)) this.#lastLoud.delete(id);
    }
    const ids = [...this.#lastLoud.keys()];
    const isSame = ids.length === this.#speaking.size && ids.every((id) => this.#speaking.has(id));
    if (!isSame) this.#speaking = new Set(ids);
    return this.#speaking;
  }
}
