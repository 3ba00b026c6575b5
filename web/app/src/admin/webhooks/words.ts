import type { DeliveryAttempt, Webhook } from "@parley/sdk";
import type { WebhookMessages } from "../../messages/webhooks.en.js";
import { moment } from "../dates.js";

/** How a webhook stands: `troubled` is on, and has failed since it last worked. */
export type WebhookState = "on" | "troubled" | "owner" | "failing" | "gone";

export const TONES = { on: "good", troubled: "waiting", owner: "plain", failing: "bad", gone: "bad" } as const;

export function stateOf({ disabledBecause, failingSince }: Webhook): WebhookState {
  return disabledBecause ?? (failingSince === null ? "on" : "troubled");
}

/** What its state means, in a sentence or two. */
export function aboutState(words: WebhookMessages, webhook: Webhook, locale: string): string {
  const state = stateOf(webhook);
  const time = (text: string | null) => (text === null ? "" : moment(text, locale));
  const why = webhook.lastError ?? words.unknownError;
  switch (state) {
    case "on":
      return words.about.on;
    case "troubled":
      return words.about.troubled(time(webhook.failingSince), why);
    case "failing":
      return words.about.failing(time(webhook.disabledAt), why);
    default:
      return words.about[state](time(webhook.disabledAt));
  }
}

/** How an attempt went: what was answered, or why nothing was. */
export function answerOf(words: WebhookMessages, attempt: DeliveryAttempt): string {
  return attempt.status === null ? (attempt.error ?? words.unknownError) : words.status(attempt.status);
}
