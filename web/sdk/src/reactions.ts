import type { Reaction } from "./room-state.js";

/** How long a reaction is shown, milliseconds. */
const SHOWN_MS = 4_000;
/** How many are shown at once; older ones make room. */
const MOST = 30;

/** The reactions that are shown at the moment. */
export class Reactions {
  #shown: readonly Reaction[] = [];
  #key = 0;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get shown(): readonly Reaction[] {
    return this.#shown;
  }

  add(participantId: string, emoji: string): void {
    const reaction = { key: ++this.#key, participantId, emoji };
    this.#shown = [...this.#shown, reaction].slice(-MOST);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#shown = this.#shown.filter((each) => each !== reaction);
      this.#onChange();
    }, SHOWN_MS);
    this.#timers.add(timer);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#shown = [];
  }
}
