import { useLanguage, type Language } from "../../messages/catalogue.js";
import { webhooks as de } from "../../messages/webhooks.de.js";
import { webhooks as en, type WebhookMessages } from "../../messages/webhooks.en.js";

const CATALOGUES: Record<Language, WebhookMessages> = { en, de };

/** The texts of the pages about webhooks, which no other page loads. */
export function useWebhookMessages(): WebhookMessages {
  return CATALOGUES[useLanguage().language];
}
