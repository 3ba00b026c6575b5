import type { Versioned, Webhook } from "@parley/sdk";
import { useState } from "react";
import { useLocale } from "react-aria-components";
import { Failure } from "../../forms/Failure.js";
import { useAttempt } from "../../forms/useAttempt.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Card } from "../../ui/Card.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { showToast } from "../../ui/toasts.js";
import { ActionDialog } from "../ActionDialog.js";
import { moment } from "../dates.js";
import { Facts } from "../Facts.js";
import { useWebhookMessages } from "./useWebhookMessages.js";
import { aboutState } from "./words.js";

interface StateCardProps {
  readonly current: Versioned<Webhook>;
  readonly mayChange: boolean;
  readonly onChanged: (webhook: Versioned<Webhook>) => void;
}

/** How a webhook stands; turns it off, and on again. */
export function StateCard({ current: { value: webhook, version }, mayChange, onChanged }: StateCardProps) {
  const words = useWebhookMessages();
  const { locale } = useLocale();
  const { api } = useSession();
  const { isPending, error, run } = useAttempt();
  const [isAsking, setAsking] = useState(false);
  const { id, enabled } = webhook;
  const conflict = { precondition_failed: words.conflictTitle };
  const turn = async (isOn: boolean) => {
    onChanged(await api.webhooks.change(id, { enabled: isOn }, version));
    showToast({ tone: "info", title: isOn ? words.turnedOn : words.turnedOff });
  };
  return (
    <Card
      title={words.facts}
      lead={aboutState(words, webhook, locale)}
      action={
        mayChange && (
          <Button
            isPending={isPending}
            onPress={() => {
              if (enabled) setAsking(true);
              else void run(() => turn(true));
            }}
          >
            {enabled ? words.turnOff : words.turnOn}
          </Button>
        )
      }
    >
      <Failure error={error} texts={conflict} />
      <Facts
        of={[
          [words.reach, words.reaches[webhook.meetings]],
          [words.events, webhook.events.map((type) => words.eventNames[type] ?? type).join(", ")],
          [words.created, moment(webhook.createdAt, locale)],
          [
            words.id,
            <>
              <code>{id}</code>
              <CopyButton text={id} label={words.copyId} variant="icon" />
            </>,
          ],
        ]}
      />
      <ActionDialog
        title={words.turnOffTitle}
        effects={words.turnOffEffects}
        action={words.turnOffAction}
        texts={conflict}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={() => turn(false)}
      />
    </Card>
  );
}
