/** The secrets of encrypted meetings: in links' fragments, which go to no server, and remembered in this browser. */
import { bytesOfSecret } from "@parley/sdk";

const KEY = "parley.secrets";
/** The latest are kept. */
const MOST = 100;

/** The secret in a link, or in a place's fragment (`#k=…`); null where there is none that is whole. */
export function secretIn(text: string): string | null {
  const secret = /#k=([A-Za-z0-9_-]+)/.exec(text)?.[1] ?? "";
  try {
    bytesOfSecret(secret);
    return secret;
  } catch {
    return null;
  }
}

export function secretOf(meetingId: string): string | null {
  return remembered().get(meetingId) ?? null;
}

export function rememberSecret(meetingId: string, secret: string): void {
  const secrets = remembered();
  secrets.delete(meetingId);
  const latest = [...secrets.set(meetingId, secret)].slice(-MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(latest));
  } catch {
    // Storage may be forbidden: then the secret is in the link alone.
  }
}

function remembered(): Map<string, string> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    const entries = Array.isArray(stored) ? stored.filter(isEntry) : [];
    return new Map(entries);
  } catch {
    return new Map();
  }
}

function isEntry(entry: unknown): entry is [string, string] {
  if (!Array.isArray(entry) || entry.length !== 2) return false;
  const [id, secret] = entry as unknown[];
  return typeof id === "string" && typeof secret === "string" && secretIn(`#k=${secret}`) !== null;
}
