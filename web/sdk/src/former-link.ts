import type { PublishingConnection } from "./publishing.js";
import type { SubscribingConnection } from "./subscribing.js";

/** Our tracks go both ways for so long at the least, milliseconds: the others go over to the new one with its next key frame. */
const SEND_TWICE_MS = 2_000;
/** The former node serves us no longer than ten seconds, milliseconds. */
const AT_MOST_MS = 9_000;
const LOOK_EVERY_MS = 50;
/** A receiver from which nothing has come for so long has nothing that could be missed, milliseconds. */
const SILENT_MS = 1_000;

type Receivers = ReadonlyMap<string, RTCRtpReceiver>;

export interface FormerLinkOptions {
  readonly publishing: PublishingConnection;
  readonly subscribing: SubscribingConnection;
  /** What came from the former node, by track id. */
  readonly receivers: Receivers;
  /** What comes from the new node by now. */
  readonly current: () => Receivers;
  /** Whether our own tracks have a way to the new node. */
  readonly isSending: () => boolean;
  /** Something comes from the new node that did not before. */
  readonly onChange: () => void;
  /** The new node does everything that the former one did, or time is up. */
  readonly onDone: () => void;
}

/** When something of a receiver was last given to its track; null: nothing ever was. */
function lastGiven(receiver: RTCRtpReceiver): number | null {
  const times = receiver.getSynchronizationSources().map(({ timestamp }) => timestamp);
  return times.length === 0 ? null : Math.max(...times);
}

/**
 * The connections to a media node that we leave, while those to the next one begin: what comes is taken from the former until the new one
 * gives it, and what we send goes to both.
 */
export class FormerLink {
  readonly #options: FormerLinkOptions;
  readonly #began = performance.now();
  readonly #timer: ReturnType<typeof setInterval>;
  #given = 0;
  #sendsSince: number | null = null;

  constructor(options: FormerLinkOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#look();
    }, LOOK_EVERY_MS);
  }

  /** What is to be shown and heard: from the new node what it gives, all else from the former. */
  received(): Receivers {
    const received = new Map(this.#options.current());
    for (const [id, former] of this.#options.receivers) {
      const current = received.get(id);
      if (current === undefined || lastGiven(current) === null) received.set(id, former);
    }
    return received;
  }

  #look(): void {
    const now = performance.now();
    const current = this.#options.current();
    const given = [...current.values()].filter((receiver) => lastGiven(receiver) !== null).length;
    if (given !== this.#given) {
      this.#given = given;
      this.#options.onChange();
    }
    if (this.#options.isSending()) this.#sendsSince ??= now;
    const hasSent = this.#sendsSince !== null && now - this.#sendsSince >= SEND_TWICE_MS;
    if ((hasSent && !this.#misses(current)) || now - this.#began >= AT_MOST_MS) {
      clearInterval(this.#timer);
      this.#options.onDone();
    }
  }

  /** Whether something still comes from the former node alone. */
  #misses(current: Receivers): boolean {
    const now = performance.timeOrigin + performance.now();
    return [...this.#options.receivers].some(([id, former]) => {
      const at = lastGiven(former);
      const other = current.get(id);
      return at !== null && now - at < SILENT_MS && (other === undefined || lastGiven(other) === null);
    });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#options.publishing.close();
    this.#options.subscribing.close();
  }
}
