/** The cryptography of exchanging keys: whom to believe, and how a key is wrapped for one other participant. */
import type { SenderKey } from "./sender-keys.js";

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const NONCE_LENGTH = 12;
const CODE_DIGITS = 20;

/** One participant's part of one meeting: a key pair for this stay, and what the meeting's secret makes. */
export class KeyAgreement {
  private constructor(
    readonly publicKey: Uint8Array<ArrayBuffer>,
    readonly meetingId: string,
    private readonly privateKey: CryptoKey,
    private readonly macKey: CryptoKey,
    private readonly wrapSalt: Uint8Array<ArrayBuffer>,
  ) {}

  static async create(meetingId: string, secret: Uint8Array<ArrayBuffer>): Promise<KeyAgreement> {
    const pair = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
    const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey", "deriveBits"]);
    const hkdf = (info: string) => ({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8(`${info}|${meetingId}`) });
    const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
    const macKey = await crypto.subtle.deriveKey(hkdf("parley key exchange"), base, hmac, false, ["sign", "verify"]);
    const wrapSalt = new Uint8Array(await crypto.subtle.deriveBits(hkdf("parley key wrapping"), base, 256));
    return new KeyAgreement(publicKey, meetingId, pair.privateKey, macKey, wrapSalt);
  }

  /** Shows that `body` is from somebody who has the meeting's secret, and says that it is `from`. */
  async sign(from: string, body: string): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await crypto.subtle.sign("HMAC", this.macKey, this.#signed(from, body)));
  }

  verify(from: string, body: string, mac: Uint8Array<ArrayBuffer>): Promise<boolean> {
    return crypto.subtle.verify("HMAC", this.macKey, mac, this.#signed(from, body));
  }

  /** A key of ours, for the participant with this public key alone. */
  async wrap(key: SenderKey, from: string, to: string, theirs: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_LENGTH));
    const { algorithm, wrappingKey } = await this.#wrapping(key.id, from, to, theirs, nonce);
    const ciphertext = new Uint8Array(await crypto.subtle.encrypt(algorithm, wrappingKey, key.secret));
    const wrapped = new Uint8Array(NONCE_LENGTH + ciphertext.length);
    wrapped.set(nonce);
    wrapped.set(ciphertext, NONCE_LENGTH);
    return wrapped;
  }

  /** The key in it; null if it is not from the holder of `theirs`, not for us, or damaged. */
  async unwrap(
    wrapped: Uint8Array<ArrayBuffer>,
    id: number,
    from: string,
    to: string,
    theirs: Uint8Array<ArrayBuffer>,
  ): Promise<SenderKey | null> {
    try {
      const { algorithm, wrappingKey } = await this.#wrapping(id, from, to, theirs, wrapped.subarray(0, NONCE_LENGTH));
      const secret = await crypto.subtle.decrypt(algorithm, wrappingKey, wrapped.subarray(NONCE_LENGTH));
      return secret.byteLength === 32 ? { id, secret: new Uint8Array(secret) } : null;
    } catch {
      return null;
    }
  }

  /** Digits that are the same for all who believe the same public keys, in groups of five. */
  async code(publicKeys: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Promise<string> {
    const lines = [...publicKeys].map(([id, key]) => `${id}:${Array.from(key).join(",")}`).sort();
    const digest = await crypto.subtle.digest("SHA-256", utf8(["parley verification", this.meetingId, ...lines].join("\n")));
    const number = new Uint8Array(digest).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) % 10n ** BigInt(CODE_DIGITS);
    return number.toString().padStart(CODE_DIGITS, "0").replace(/(\d{5})(?=\d)/g, "$1 ");
  }

  async #wrapping(id: number, from: string, to: string, theirs: Uint8Array<ArrayBuffer>, iv: Uint8Array<ArrayBuffer>) {
    const publicKey = await crypto.subtle.importKey("raw", theirs, CURVE, false, []);
    const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: publicKey }, this.privateKey, 256);
    const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
    const hkdf = { name: "HKDF", hash: "SHA-256", salt: this.wrapSalt, info: utf8(`${from}|${to}`) };
    const wrappingKey = await crypto.subtle.deriveKey(hkdf, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    return { algorithm: { name: "AES-GCM", iv, additionalData: utf8(`${id}`) }, wrappingKey };
  }

  #signed(from: string, body: string): Uint8Array<ArrayBuffer> {
    return utf8(`${this.meetingId}|${from}|${body}`);
  }
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
