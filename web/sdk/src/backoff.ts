/** After the first try, milliseconds; doubled with each, up to the last. */
const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 5_000;

/** Pauses between tries: none before the first, then longer and longer, with jitter, so that the clients of a gateway do not come together. */
export class Backoff {
  #tries = 0;
  readonly #lastPauseMs: number;

  constructor(lastPauseMs = LAST_PAUSE_MS) {
    this.#lastPauseMs = lastPauseMs;
  }

  /** Resolves when the next try is due. */
  async due(): Promise<void> {
    this.#tries += 1;
    if (this.#tries === 1) return;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (this.#tries - 2), this.#lastPauseMs);
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
  }

  /** What comes next has nothing to do with the tries so far. */
  reset(): void {
    this.#tries = 0;
  }
}
