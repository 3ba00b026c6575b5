/**
 * Senders' keys and how they change. A key's id is a byte: four bits of an epoch, which begins with a fresh secret, and four of a step, by
 * which the secret is ratcheted forward. Whoever has a step can make those that follow, and none before it.
 */
import { type FrameKey, frameKeyOf } from "./frame-crypto.js";

export const LAST_STEP = 15;
const EPOCHS = 16;
/** Receivers keep so many epochs of a sender, for frames that are on their way while keys change. */
const KEPT_EPOCHS = 3;

export interface SenderKey {
  readonly id: number;
  /** 32 bytes. */
  readonly secret: Uint8Array<ArrayBuffer>;
}

export const epochOf = (id: number): number => id >> 4;
export const stepOf = (id: number): number => id & LAST_STEP;

export function freshKey(after: SenderKey | null): SenderKey {
  const epoch = after === null ? 0 : (epochOf(after.id) + 1) % EPOCHS;
  return { id: epoch << 4, secret: crypto.getRandomValues(new Uint8Array(32)) };
}

/** The next step; null after the last one. */
export async function ratcheted({ id, secret }: SenderKey): Promise<SenderKey | null> {
  if (stepOf(id) === LAST_STEP) return null;
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const info = new TextEncoder().encode("parley ratchet");
  const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info }, base, 256);
  return { id: id + 1, secret: new Uint8Array(bits) };
}

export function isSame(one: SenderKey, other: SenderKey): boolean {
  return one.id === other.id && one.secret.every((byte, at) => byte === other.secret[at]);
}

interface Epoch {
  /** The latest step that has been seen. */
  latest: SenderKey;
  readonly frameKeys: Map<number, FrameKey>;
  /** As the sender told it. */
  readonly told: SenderKey;
}

/** What a receiver knows of one sender's keys. */
export class ReceivedKeys {
  /** The latest last. */
  readonly #epochs = new Map<number, Epoch>();

  /** Takes a key that the sender has told. */
  async add(key: SenderKey): Promise<void> {
    const epoch = epochOf(key.id);
    const known = this.#epochs.get(epoch);
    // Told again, as after a reconnection: what has come under it must not come anew.
    if (known !== undefined && isSame(known.told, key)) return;
    const frameKey = await frameKeyOf(key.secret, key.id);
    this.#epochs.delete(epoch);
    this.#epochs.set(epoch, { latest: key, frameKeys: new Map([[key.id, frameKey]]), told: key });
    for (const oldest of [...this.#epochs.keys()].slice(0, -KEPT_EPOCHS)) this.#epochs.delete(oldest);
  }

  /** The key of this id with what makes it the latest one, once a frame has shown it to be right; null if it cannot be known. */
  async find(id: number): Promise<{ readonly key: FrameKey; readonly confirm: () => void } | null> {
    const epoch = this.#epochs.get(epochOf(id));
    if (epoch === undefined) return null;
    const known = epoch.frameKeys.get(id);
    if (known !== undefined) return { key: known, confirm: () => undefined };
    if (id < epoch.latest.id) return null;
    let latest: SenderKey | null = epoch.latest;
    while (latest !== null && latest.id !== id) latest = await ratcheted(latest);
    if (latest === null) return null;
    const found = latest;
    const key = await frameKeyOf(found.secret, id);
    const confirm = () => {
      epoch.latest = found;
      epoch.frameKeys.set(id, key);
    };
    return { key, confirm };
  }
}

/** Which frames of a stream have come already: numbers go up, with gaps; a few may come late, none twice. */
export class ReplayWindow {
  static readonly #SIZE = 512;
  readonly #seen = new Set<number>();
  #highest = -1;

  isNew(counter: number): boolean {
    return counter > this.#highest - ReplayWindow.#SIZE && !this.#seen.has(counter);
  }

  add(counter: number): void {
    this.#highest = Math.max(this.#highest, counter);
    this.#seen.add(counter);
    for (const old of this.#seen) {
      if (this.#seen.size <= ReplayWindow.#SIZE) break;
      this.#seen.delete(old);
    }
  }
}
