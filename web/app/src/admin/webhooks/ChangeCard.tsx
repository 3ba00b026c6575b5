import type { Versioned, Webhook } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { useStepUp } from "../../factors/step-up/step-up.js";
import formStyles from "../../forms/Form.module.css";
import { SaveFailure } from "../../forms/SaveFailure.js";
import { useAttempt } from "../../forms/useAttempt.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Card } from "../../ui/Card.js";
import { showToast } from "../../ui/toasts.js";
import { useWebhookMessages } from "./useWebhookMessages.js";
import { problemsOf, trimmed, WebhookFields, type WebhookDraft } from "./WebhookFields.js";

interface ChangeCardProps {
  readonly current: Versioned<Webhook>;
  readonly onChanged: (webhook: Versioned<Webhook>) => void;
  readonly onReload: () => void;
}

/** Changes where a webhook is and what it is told of. What somebody else has changed meanwhile is told. */
export function ChangeCard({ current: { value: webhook, version }, onChanged, onReload }: ChangeCardProps) {
  const words = useWebhookMessages();
  const { api } = useSession();
  const guard = useStepUp();
  const { isPending, error, run, reset } = useAttempt();
  const [draft, setDraft] = useState<WebhookDraft>(webhook);
  const [isChecked, setChecked] = useState(false);
  const wanted = trimmed(draft);
  const isSame =
    wanted.url === webhook.url &&
    wanted.description === webhook.description &&
    new Set([...wanted.events, ...webhook.events]).size === webhook.events.length &&
    wanted.events.length === webhook.events.length;

  const submit = async () => {
    setChecked(true);
    if (Object.keys(problemsOf(words, wanted)).length > 0) return;
    await run(async () => {
      const done = await guard(() => api.webhooks.change(webhook.id, wanted, version));
      if (done === null) return;
      showToast({ tone: "info", title: words.saved });
      onChanged(done.value);
    });
  };

  return (
    <Card title={words.change}>
      <Form
        className={formStyles.form}
        aria-label={words.change}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {error?.fields.url === undefined && <SaveFailure error={error} texts={words} onReload={onReload} />}
        <WebhookFields
          value={draft}
          errors={{ ...error?.fields, ...(isChecked && problemsOf(words, wanted)) }}
          onChange={(next) => {
            setDraft(next);
            reset();
          }}
        />
        <div className={formStyles.actions}>
          <Button type="submit" variant="primary" isPending={isPending} isDisabled={isSame}>
            {words.save}
          </Button>
        </div>
      </Form>
    </Card>
  );
}
