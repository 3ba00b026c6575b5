import type { Delivery } from "@parley/sdk";

/** It is asked how a delivery stands so often, and for so long: an attempt takes ten seconds at most. Milliseconds. */
const EVERY_MS = 700;
const PATIENCE_MS = 20_000;

/**
 * What became of a message that was just sent: asks until there was another attempt, or nothing is to come. Gives the newest that is
 * known where that takes too long, or `signal` ends it; rejects if asking fails.
 */
export async function outcomeOf(sent: Delivery, read: () => Promise<Delivery>, signal: AbortSignal): Promise<Delivery> {
  const until = Date.now() + PATIENCE_MS;
  let newest = sent;
  while (!isTried(sent, newest) && Date.now() < until && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    newest = await read();
  }
  return newest;
}

function isTried(sent: Delivery, newest: Delivery): boolean {
  return newest.state !== "pending" || newest.lastAttempt?.at !== sent.lastAttempt?.at;
}
