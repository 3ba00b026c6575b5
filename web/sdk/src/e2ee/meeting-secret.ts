/** The secret of an encrypted meeting: 32 bytes that are in its link's fragment, which browsers send to no server. */
import { ParleyError } from "../errors.js";

const LENGTH = 32;

export function newMeetingSecret(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(LENGTH)));
}

/** @throws ParleyError `e2ee_bad_secret`: it is not whole. */
export function bytesOfSecret(secret: string): Uint8Array<ArrayBuffer> {
  const bytes = /^[A-Za-z0-9_-]{43}$/.test(secret) ? fromBase64Url(secret) : null;
  if (bytes?.length !== LENGTH) throw new ParleyError("e2ee_bad_secret", "The link's key is not whole. Copy the whole link.");
  return bytes;
}

export function toBase64Url(bytes: Uint8Array): string {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Null where it is none. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
