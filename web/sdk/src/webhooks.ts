import { camelCased } from "./api-types.js";
import { idempotently, ifMatch, type HttpSession, type Versioned } from "./http-session.js";
import { queryOf } from "./query.js";
import type { Page } from "./statistics-types.js";
import type {
  Delivery,
  DeliveryState,
  ListedDelivery,
  NewWebhook,
  Webhook,
  WebhookChange,
  WebhookWithSecret,
} from "./webhook-types.js";

const WEBHOOKS = "/v1/meetings/webhooks";

/**
 * Who is told of what happens in meetings, and what became of that: whoever is logged in needs the permissions. What a version is
 * given for fails with `precondition_failed` where somebody else was faster.
 */
export class Webhooks {
  readonly #http: HttpSession;

  constructor(http: HttpSession) {
    this.#http = http;
  }

  /** All that one may see: those of the organisation first, each kind the oldest first. */
  async list(): Promise<readonly Webhook[]> {
    const { items } = (await this.#http.call("GET", WEBHOOKS)) as { items: Webhook[] };
    return items;
  }

  async read(id: string): Promise<Versioned<Webhook>> {
    return this.#http.callVersioned("GET", webhookPath(id));
  }

  /** @param requestKey Names the request: sent again with it, within a day, it gives the same webhook. */
  async create(input: NewWebhook, requestKey?: string): Promise<WebhookWithSecret> {
    return (await this.#http.callVersioned<WebhookWithSecret>("POST", WEBHOOKS, input, idempotently(requestKey))).value;
  }

  async change(id: string, change: WebhookChange, version?: string | null): Promise<Versioned<Webhook>> {
    return this.#http.callVersioned("PATCH", webhookPath(id), change, ifMatch(version));
  }

  /** With the log of its deliveries. */
  async delete(id: string): Promise<void> {
    await this.#http.call("DELETE", webhookPath(id));
  }

  /** Another secret; messages are signed with the former one as well for a day. */
  async rotateSecret(id: string): Promise<WebhookWithSecret> {
    return (await this.#http.call("POST", `${webhookPath(id)}/rotate-secret`)) as WebhookWithSecret;
  }

  /** Sends a test message, once; also to a webhook that is off. */
  async test(id: string): Promise<Delivery> {
    return delivery(await this.#http.callRaw("POST", `${webhookPath(id)}/test`));
  }

  /** What it was told of the last 30 days, the latest first. With `state` a page may have fewer entries than fit, even none. */
  async deliveries(
    id: string,
    search: { readonly state?: DeliveryState | undefined; readonly limit?: number } = {},
    cursor?: string,
  ): Promise<Page<ListedDelivery>> {
    const query = queryOf({ state: search.state, cursor, limit: `${search.limit ?? 50}` });
    return (await this.#http.call("GET", `${webhookPath(id)}/deliveries${query}`)) as Page<ListedDelivery>;
  }

  async readDelivery(id: string, deliveryId: string): Promise<Delivery> {
    return delivery(await this.#http.callRaw("GET", deliveryPath(id, deliveryId)));
  }

  /** Sends a message again, with the same id. */
  async redeliver(id: string, deliveryId: string): Promise<Delivery> {
    return delivery(await this.#http.callRaw("POST", `${deliveryPath(id, deliveryId)}/redeliver`));
  }

  /** Sends what was given up again, as far as it has come to be since then (RFC 3339): how much, and whether there is more. */
  async redeliverFailed(id: string, since: string): Promise<{ readonly count: number; readonly more: boolean }> {
    const answer = await this.#http.call("POST", `${webhookPath(id)}/redeliver`, { since });
    return answer as { count: number; more: boolean };
  }
}

function webhookPath(id: string): string {
  return `${WEBHOOKS}/${encodeURIComponent(id)}`;
}

function deliveryPath(id: string, deliveryId: string): string {
  return `${webhookPath(id)}/deliveries/${encodeURIComponent(deliveryId)}`;
}

/** The names in a message stay as its receiver sees them. */
function delivery(raw: unknown): Delivery {
  const { payload, ...about } = raw as Pick<Delivery, "payload">;
  return { ...(camelCased(about) as Omit<Delivery, "payload">), payload };
}
