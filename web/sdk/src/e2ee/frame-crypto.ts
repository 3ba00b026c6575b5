/**
 * One encoded frame, encrypted (docs/e2ee.md):
 *
 *     clear header | AES-256-GCM ciphertext with its tag (16) | length of the header (1) | key's id (1) | counter (4)
 *
 * What is clear is authenticated, and so is where it comes from: nobody's screen can be shown as their camera. The nonce is the counter
 * over the key's salt, as in SFrame (RFC 9605, section 4.4.3); all streams of a sender count together, so that none comes twice under one key.
 */
import type { TrackSource } from "../room-state.js";

/** Their places stand in the authenticated data. */
const SOURCES: readonly TrackSource[] = ["microphone", "camera", "screen", "screen_audio"];

const TAG_LENGTH = 16;
const TRAILER_LENGTH = 6;
/** After so many frames a key must have been replaced: at 200 a second, after 248 days. */
export const MAX_COUNTER = 2 ** 32 - 1;

/** What an encrypted frame names: which key, and its number under it. */
export interface FrameTrailer {
  readonly headerLength: number;
  readonly keyId: number;
  readonly counter: number;
}

/** A key as frames are encrypted by it. */
export interface FrameKey {
  readonly id: number;
  readonly key: CryptoKey;
  readonly salt: Uint8Array<ArrayBuffer>;
}

/** The key of a sender's secret of 32 bytes. */
export async function frameKeyOf(secret: Uint8Array<ArrayBuffer>, id: number): Promise<FrameKey> {
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey", "deriveBits"]);
  const hkdf = (info: string) => ({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: new TextEncoder().encode(info) });
  const key = await crypto.subtle.deriveKey(hkdf("parley frame key"), base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const salt = await crypto.subtle.deriveBits(hkdf("parley frame salt"), base, 96);
  return { id, key, salt: new Uint8Array(salt) };
}

/**
 * How much of a frame stays clear: what the node and the browsers' packetisers read. Of VP8 the frame tag, and in key frames the start code
 * and the size (RFC 6386, 9.1); of Opus the TOC byte (RFC 6716, 3.1).
 */
export function clearHeaderLength(source: TrackSource, isKeyFrame: boolean, length: number): number {
  const header = source === "microphone" || source === "screen_audio" ? 1 : isKeyFrame ? 10 : 3;
  return Math.min(header, length);
}

export async function encryptFrame(
  frame: Uint8Array<ArrayBuffer>,
  { source, headerLength, counter }: { source: TrackSource; headerLength: number; counter: number },
  { id, key, salt }: FrameKey,
): Promise<Uint8Array<ArrayBuffer>> {
  const header = frame.subarray(0, headerLength);
  const trailer = new Uint8Array(TRAILER_LENGTH);
  trailer.set([headerLength, id]);
  new DataView(trailer.buffer).setUint32(2, counter);
  const algorithm = { name: "AES-GCM", iv: nonce(salt, counter), additionalData: authenticated(source, header, trailer) };
  const ciphertext = await crypto.subtle.encrypt(algorithm, key, frame.subarray(headerLength));
  const encrypted = new Uint8Array(headerLength + ciphertext.byteLength + TRAILER_LENGTH);
  encrypted.set(header);
  encrypted.set(new Uint8Array(ciphertext), headerLength);
  encrypted.set(trailer, headerLength + ciphertext.byteLength);
  return encrypted;
}

/** What an encrypted frame says of itself; null if it cannot be one. */
export function trailerOf(encrypted: Uint8Array): FrameTrailer | null {
  const at = encrypted.length - TRAILER_LENGTH;
  if (at < TAG_LENGTH) return null;
  const view = new DataView(encrypted.buffer, encrypted.byteOffset + at);
  const headerLength = view.getUint8(0);
  if (headerLength + TAG_LENGTH > at) return null;
  return { headerLength, keyId: view.getUint8(1), counter: view.getUint32(2) };
}

/** The frame; null if it is not from the holder of the key, or has been changed on its way. */
export async function decryptFrame(
  encrypted: Uint8Array<ArrayBuffer>,
  source: TrackSource,
  { headerLength, counter }: FrameTrailer,
  { key, salt }: FrameKey,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const at = encrypted.length - TRAILER_LENGTH;
  const header = encrypted.subarray(0, headerLength);
  const additionalData = authenticated(source, header, encrypted.subarray(at));
  try {
    const algorithm = { name: "AES-GCM", iv: nonce(salt, counter), additionalData };
    const clear = await crypto.subtle.decrypt(algorithm, key, encrypted.subarray(headerLength, at));
    const frame = new Uint8Array(headerLength + clear.byteLength);
    frame.set(header);
    frame.set(new Uint8Array(clear), headerLength);
    return frame;
  } catch {
    return null;
  }
}

function nonce(salt: Uint8Array, counter: number): Uint8Array<ArrayBuffer> {
  const made = Uint8Array.from(salt);
  const view = new DataView(made.buffer);
  view.setUint32(8, view.getUint32(8) ^ counter);
  return made;
}

function authenticated(source: TrackSource, header: Uint8Array, trailer: Uint8Array): Uint8Array<ArrayBuffer> {
  const made = new Uint8Array(1 + header.length + trailer.length);
  made[0] = SOURCES.indexOf(source);
  made.set(header, 1);
  made.set(trailer, 1 + header.length);
  return made;
}
