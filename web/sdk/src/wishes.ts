/** What is wanted of one track. `maxHeight` in device pixels, `maxFrameRate` in pictures a second; left out: the best. */
export interface Wish {
  readonly trackId: string;
  readonly enabled: boolean;
  readonly maxHeight?: number;
  readonly maxFrameRate?: number;
}

/** Layout changes come in bursts; the gateway hears of the outcome, milliseconds. */
const DELAY_MS = 200;

function isSame(one: Wish, other: Wish): boolean {
  return (
    one.enabled === other.enabled && one.maxHeight === other.maxHeight && one.maxFrameRate === other.maxFrameRate
  );
}

/** Collects wishes and sends those that are news. */
export class WishBatch {
  readonly #send: (wishes: Wish[]) => Promise<unknown>;
  readonly #sent = new Map<string, Wish>();
  readonly #waiting = new Map<string, Wish>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOpen = false;

  constructor(send: (wishes: Wish[]) => Promise<unknown>) {
    this.#send = send;
  }

  open(): void {
    this.#isOpen = true;
    this.#schedule();
  }

  add(wishes: readonly Wish[]): void {
    for (const wish of wishes) {
      const known = this.#waiting.get(wish.trackId) ?? this.#sent.get(wish.trackId);
      if (known === undefined || !isSame(known, wish)) this.#waiting.set(wish.trackId, wish);
    }
    this.#schedule();
  }

  /** The other side has forgotten: everything is news again. */
  forget(): void {
    for (const [id, wish] of this.#sent) {
      if (!this.#waiting.has(id)) this.#waiting.set(id, wish);
    }
    this.#sent.clear();
    this.#schedule();
  }

  close(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (!this.#isOpen || this.#timer !== undefined || this.#waiting.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, DELAY_MS);
  }

  async #flush(): Promise<void> {
    const wishes = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const wish of wishes) this.#sent.set(wish.trackId, wish);
    try {
      await this.#send(wishes);
    } catch {
      // Said again with the next wish, or when the connection is back.
      for (const wish of wishes) {
        this.#sent.delete(wish.trackId);
        if (!this.#waiting.has(wish.trackId)) this.#waiting.set(wish.trackId, wish);
      }
    }
  }
}
