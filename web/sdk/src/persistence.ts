import { Backoff } from "./backoff.js";
import { asParleyError } from "./errors.js";

/** Codes of failures that pass: no answer in time, or a media node that is slow, full, or not there yet. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "network",
  "media_node_timeout",
  "media_node_overloaded",
  "no_media_node",
  "service_unavailable",
  "gateway_closing",
  "rate_limited",
]);

/** Whether what has failed so may work a little later. */
export function isPassing(thrown: unknown): boolean {
  return PASSING_CODES.has(asParleyError(thrown).code);
}

/**
 * Does something that media need and nobody asks for twice: after longer and longer pauses again, as long as it fails for a reason that
 * passes, and `isNeeded`. Rejects with a failure of another kind.
 */
export async function persist(
  action: () => Promise<unknown>,
  isNeeded: () => boolean,
  backoff = new Backoff(),
): Promise<void> {
  for (;;) {
    await backoff.due();
    if (!isNeeded()) return;
    try {
      await action();
      return;
    } catch (thrown) {
      if (!isPassing(thrown)) throw thrown;
    }
  }
}
