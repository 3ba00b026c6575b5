import { isPassing } from "./persistence.js";

/**
 * What is wanted of one track. `maxHeight` in device pixels, `maxFrameRate` in pictures a second; left out: the best. `pinned`: a camera that
 * comes before all others where not all are sent.
 */
export interface Wish {
  readonly trackId: string;
  readonly enabled: boolean;
  readonly maxHeight?: number;
  readonly maxFrameRate?: number;
  readonly pinned?: boolean;
}

/** Layout changes come in bursts; the gateway hears of the outcome, milliseconds. */
const DELAY_MS = 200;
/** What got no answer is said again after so long, milliseconds. */
const AGAIN_MS = 2_000;

function isSame(one: Wish, other: Wish): boolean {
  return (
    one.enabled === other.enabled &&
    one.maxHeight === other.maxHeight &&
    one.maxFrameRate === other.maxFrameRate &&
    (one.pinned ?? false) === (other.pinned ?? false)
  );
}

/** Sends wishes, and how many cameras are wanted at the most (0: any number; null: as before). */
type Send = (wishes: Wish[], maxCameras: number | null) => Promise<unknown>;

/** Collects wishes and sends those that are news. */
export class WishBatch {
  readonly #send: Send;
  readonly #sent = new Map<string, Wish>();
  readonly #waiting = new Map<string, Wish>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOpen = false;
  /** Null: nobody has said anything of it. */
  #maxCameras: number | null = null;
  #sentMaxCameras: number | null = null;

  constructor(send: Send) {
    this.#send = send;
  }

  open(): void {
    this.#isOpen = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#schedule();
  }

  add(wishes: readonly Wish[]): void {
    for (const wish of wishes) {
      const known = this.#waiting.get(wish.trackId) ?? this.#sent.get(wish.trackId);
      if (known === undefined || !isSame(known, wish)) this.#waiting.set(wish.trackId, wish);
    }
    this.#schedule();
  }

  limitCameras(count: number): void {
    this.#maxCameras = count;
    this.#schedule();
  }

  /** The other side has forgotten: everything is news again. */
  forget(): void {
    for (const [id, wish] of this.#sent) {
      if (!this.#waiting.has(id)) this.#waiting.set(id, wish);
    }
    this.#sent.clear();
    this.#sentMaxCameras = null;
    this.#schedule();
  }

  close(): void {
    this.#isOpen = false;
    clearTimeout(this.#timer);
  }

  get #hasNews(): boolean {
    return this.#waiting.size > 0 || this.#maxCameras !== this.#sentMaxCameras;
  }

  #schedule(delayMs = DELAY_MS): void {
    if (!this.#isOpen || this.#timer !== undefined || !this.#hasNews) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, delayMs);
  }

  async #flush(): Promise<void> {
    const wishes = [...this.#waiting.values()];
    const maxCameras = this.#maxCameras === this.#sentMaxCameras ? null : this.#maxCameras;
    this.#waiting.clear();
    for (const wish of wishes) this.#sent.set(wish.trackId, wish);
    this.#sentMaxCameras = this.#maxCameras;
    try {
      await this.#send(wishes, maxCameras);
    } catch (thrown) {
      // What was refused is said again with the next wish, or when the connection is back.
      if (maxCameras !== null) this.#sentMaxCameras = null;
      for (const wish of wishes) {
        this.#sent.delete(wish.trackId);
        if (!this.#waiting.has(wish.trackId)) this.#waiting.set(wish.trackId, wish);
      }
      if (isPassing(thrown)) this.#schedule(AGAIN_MS);
    }
  }
}
