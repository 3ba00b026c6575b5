import type { Webhook, WebhookWithSecret } from "@parley/sdk";
import { useState } from "react";
import { useLocale } from "react-aria-components";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Card } from "../../ui/Card.js";
import { Dialog } from "../../ui/Dialog.js";
import { ActionDialog } from "../ActionDialog.js";
import formStyles from "../../forms/Form.module.css";
import { moment } from "../dates.js";
import { SecretShown } from "./SecretShown.js";
import { useWebhookMessages } from "./useWebhookMessages.js";

interface SecretCardProps {
  readonly webhook: Webhook;
  readonly onChanged: () => void;
}

/** Replaces what messages are signed with. */
export function SecretCard({ webhook, onChanged }: SecretCardProps) {
  const words = useWebhookMessages();
  const { locale } = useLocale();
  const { api } = useSession();
  const [isAsking, setAsking] = useState(false);
  const [rotated, setRotated] = useState<WebhookWithSecret | null>(null);
  const until = webhook.previousSecretUntil;
  return (
    <Card
      title={words.secret}
      lead={words.secretLead}
      action={
        <Button
          onPress={() => {
            setAsking(true);
          }}
        >
          {words.rotate}
        </Button>
      }
    >
      {until !== null && <p className={formStyles.note}>{words.secretOverlap(moment(until, locale))}</p>}
      <ActionDialog
        title={words.rotateTitle}
        effects={words.rotateEffects}
        action={words.rotateAction}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={async () => {
          setRotated(await api.webhooks.rotateSecret(webhook.id));
        }}
      />
      <Dialog title={words.secretTitle} isOpen={rotated !== null} onClose={onChanged} mustBeAnswered>
        {rotated !== null && (
          <SecretShown
            webhook={rotated}
            onClose={() => {
              setRotated(null);
              onChanged();
            }}
          />
        )}
      </Dialog>
    </Card>
  );
}
