import { secretOf } from "./meeting-secret.js";

/** Codes of ten letters are from before there were twelve. */
const CODE = /^(?:[a-z]{4}-?[a-z]{4}-?[a-z]{4}|[a-z]{3}-?[a-z]{4}-?[a-z]{3})$/;

/** The meeting's id (`abcd-efgh-jkmn`) out of what somebody has pasted or typed: a link, or a code with or without hyphens. */
export function meetingIdIn(text: string): string | null {
  const trimmed = text.trim();
  const inPath = /\/m\/([^/?#\s]+)/.exec(trimmed)?.[1];
  const code = (inPath ?? trimmed).replace(/[\s–—]+/g, "-").toLowerCase();
  if (!CODE.test(code)) return null;
  const letters = code.replaceAll("-", "");
  const first = letters.length === 12 ? 4 : 3;
  return `${letters.slice(0, first)}-${letters.slice(first, first + 4)}-${letters.slice(first + 4)}`;
}

/** Where a meeting is, with the secret of an encrypted one if this browser knows it. */
export function meetingPath(id: string): string {
  const secret = secretOf(id);
  return pathWithoutSecret(id) + (secret === null ? "" : `#k=${secret}`);
}

/** For addresses that a server sees: the secret is remembered here meanwhile. */
export function pathWithoutSecret(id: string): string {
  return `/m/${encodeURIComponent(id)}`;
}

/** The link to send to others. */
export function meetingUrl(id: string): string {
  return `${location.origin}${meetingPath(id)}`;
}
