/** Encrypts what is sent and decrypts what is received, frame by frame: what the worker does, without a worker. */
import { clearHeaderLength, decryptFrame, encryptFrame, type FrameKey, frameKeyOf, MAX_COUNTER, trailerOf } from "./frame-crypto.js";
import type { TrackSource } from "../room-state.js";
import { isSame, ReceivedKeys, ReplayWindow, type SenderKey } from "./sender-keys.js";

/** So many frames in a row that cannot be decrypted mean that it does not work: fewer, that a key is on its way. */
const FAILING_AFTER = 10;

export interface Decryptor {
  readonly decrypt: (encrypted: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer> | null>;
}

export class FrameCryptor {
  #own: FrameKey | null = null;
  #told: SenderKey | null = null;
  #counter = 0;
  readonly #received = new Map<string, ReceivedKeys>();
  readonly #failing = new Map<string, boolean>();
  readonly #onFailing: (participantId: string, isFailing: boolean) => void;

  /** `onFailing`: somebody's frames cannot be decrypted, or can again. */
  constructor(onFailing: (participantId: string, isFailing: boolean) => void) {
    this.#onFailing = onFailing;
  }

  /** What is sent from now on is encrypted by this key. */
  async setOwnKey(key: SenderKey): Promise<void> {
    // Counting anew under the same key would use a nonce twice.
    if (this.#told !== null && isSame(this.#told, key)) return;
    this.#told = key;
    const own = await frameKeyOf(key.secret, key.id);
    this.#own = own;
    this.#counter = 0;
  }

  async addKey(participantId: string, key: SenderKey): Promise<void> {
    const keys = this.#received.get(participantId) ?? new ReceivedKeys();
    this.#received.set(participantId, keys);
    await keys.add(key);
  }

  forget(participantId: string): void {
    this.#received.delete(participantId);
    this.#failing.delete(participantId);
  }

  /** The encrypted frame; null while there is no key, or no number left: nothing goes out in the clear. */
  async encrypt(frame: Uint8Array<ArrayBuffer>, source: TrackSource, isKeyFrame: boolean): Promise<Uint8Array<ArrayBuffer> | null> {
    const key = this.#own;
    if (key === null || this.#counter > MAX_COUNTER) return null;
    const counter = this.#counter;
    this.#counter += 1;
    return encryptFrame(frame, { source, headerLength: clearHeaderLength(source, isKeyFrame, frame.length), counter }, key);
  }

  /** For one received stream of a participant. */
  decryptor(participantId: string, source: TrackSource): Decryptor {
    const windows = new WeakMap<FrameKey, ReplayWindow>();
    let failures = 0;
    const decrypt = async (encrypted: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null> => {
      const frame = await this.#decrypt(participantId, source, encrypted, windows);
      failures = frame === null ? failures + 1 : 0;
      if (failures === 0 || failures === FAILING_AFTER) this.#tell(participantId, failures > 0);
      return frame;
    };
    return { decrypt };
  }

  async #decrypt(
    participantId: string,
    source: TrackSource,
    encrypted: Uint8Array<ArrayBuffer>,
    windows: WeakMap<FrameKey, ReplayWindow>,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    const trailer = trailerOf(encrypted);
    const found = trailer === null ? null : await this.#received.get(participantId)?.find(trailer.keyId);
    if (trailer === null || found === null || found === undefined) return null;
    const window = windows.get(found.key) ?? new ReplayWindow();
    if (!window.isNew(trailer.counter)) return null;
    const frame = await decryptFrame(encrypted, source, trailer, found.key);
    if (frame === null) return null;
    found.confirm();
    window.add(trailer.counter);
    windows.set(found.key, window);
    return frame;
  }

  #tell(participantId: string, isFailing: boolean): void {
    if ((this.#failing.get(participantId) ?? false) === isFailing) return;
    this.#failing.set(participantId, isFailing);
    this.#onFailing(participantId, isFailing);
  }
}
