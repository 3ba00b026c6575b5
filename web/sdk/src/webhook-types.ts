/** Webhooks and what they were told, as the HTTP API tells of them (`docs/webhooks.md`), in the SDK's camel case. */

/** `own`: of the meetings that its owner hosts; `all`: of everybody's. */
export type WebhookReach = "own" | "all";
/** `failing`: it has failed for days; `gone`: it answered 410. */
export type WebhookDisabledBecause = "owner" | "failing" | "gone";

/** Somebody's wish to be told. */
export interface Webhook {
  readonly id: string;
  readonly url: string;
  /** Types, such as `meeting.started`. */
  readonly events: readonly string[];
  readonly description: string;
  readonly meetings: WebhookReach;
  readonly enabled: boolean;
  /** Null: it is on. */
  readonly disabledBecause: WebhookDisabledBecause | null;
  readonly disabledAt: string | null;
  /** The first failure after the last success, and what went wrong then. */
  readonly failingSince: string | null;
  readonly lastError: string | null;
  /** For so long messages are also signed with the secret before the present one. */
  readonly previousSecretUntil: string | null;
  /** What it was told last, as it stood after its latest attempt; null: nothing yet. */
  readonly lastDelivery: ListedDelivery | null;
  readonly createdAt: string;
}

/** A webhook on an occasion on which its secret is shown. */
export interface WebhookWithSecret extends Webhook {
  readonly secret: string;
}

export interface NewWebhook {
  readonly url: string;
  readonly events: readonly string[];
  readonly description?: string;
  readonly meetings?: WebhookReach;
}

/** What is left out stays. Turned on again, it begins with a clean sheet. */
export interface WebhookChange {
  readonly url?: string;
  readonly events?: readonly string[];
  readonly description?: string;
  readonly enabled?: boolean;
}

/** `failed`: it was given up. */
export type DeliveryState = "pending" | "delivered" | "failed";

/** One attempt to bring a message. */
export interface DeliveryAttempt {
  readonly at: string;
  readonly durationMs: number;
  /** Of the answer; null: there was none, and `error` says why. */
  readonly status: number | null;
  readonly error: string | null;
  /** What the answer began with. */
  readonly excerpt: string;
}

/** A message for one webhook, in a list. */
export interface ListedDelivery {
  /** The message's own, its header field `webhook-id`. */
  readonly id: string;
  readonly event: string;
  readonly state: DeliveryState;
  readonly createdAt: string;
  readonly nextAttemptAt: string | null;
  readonly attemptCount: number;
  readonly lastAttempt: DeliveryAttempt | null;
}

export interface Delivery extends ListedDelivery {
  /** The last 50, in their order. */
  readonly attempts: readonly DeliveryAttempt[];
  /** The message's body, as it is sent. */
  readonly payload: Readonly<Record<string, unknown>>;
}
