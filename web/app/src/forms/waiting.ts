import type { Messages } from "../messages/en.js";

/** How long it is yet, in words: seconds below two minutes, then minutes, rounded up. */
export function waitingTime(messages: Messages, seconds: number): string {
  const { slowed } = messages.account;
  return seconds < 120 ? slowed.seconds(Math.max(1, seconds)) : slowed.minutes(Math.ceil(seconds / 60));
}
