import type { WebhookWithSecret } from "@parley/sdk";
import { useLocale } from "react-aria-components";
import formStyles from "../../forms/Form.module.css";
import { Button } from "../../ui/Button.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { moment } from "../dates.js";
import styles from "../Secret.module.css";
import { useWebhookMessages } from "./useWebhookMessages.js";

interface SecretShownProps {
  readonly webhook: WebhookWithSecret;
  readonly onClose: () => void;
}

/** What messages are signed with, this once. */
export function SecretShown({ webhook, onClose }: SecretShownProps) {
  const words = useWebhookMessages();
  const { locale } = useLocale();
  const { secret, previousSecretUntil: until } = webhook;
  return (
    <div className={formStyles.form}>
      <p className={formStyles.note}>{words.secretOnce}</p>
      <div className={styles.secret}>
        <code aria-label={words.secret} role="textbox" aria-readonly tabIndex={0}>
          {secret}
        </code>
      </div>
      {until !== null && <p className={formStyles.note}>{words.secretOverlap(moment(until, locale))}</p>}
      <div className={formStyles.actions}>
        <CopyButton text={secret} label={words.copySecret} variant="primary" />
        <Button onPress={onClose}>{words.done}</Button>
      </div>
    </div>
  );
}
