import type { WebhookReach, WebhookWithSecret } from "@parley/sdk";
import { useRef, useState } from "react";
import { Form } from "react-aria-components";
import { useStepUp } from "../../factors/step-up/step-up.js";
import { Failure } from "../../forms/Failure.js";
import formStyles from "../../forms/Form.module.css";
import { useAttempt } from "../../forms/useAttempt.js";
import { useMessages } from "../../messages/catalogue.js";
import { RequestKeys } from "../../planning/request-keys.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { OneOf } from "../../ui/Choices.js";
import { Dialog } from "../../ui/Dialog.js";
import { useAdministrator } from "../AdminPage.js";
import { SecretShown } from "./SecretShown.js";
import { useWebhookMessages } from "./useWebhookMessages.js";
import { problemsOf, trimmed, WebhookFields, type WebhookDraft } from "./WebhookFields.js";

interface NewWebhookDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Once the secret was seen. */
  readonly onDone: (webhook: WebhookWithSecret) => void;
}

/** Makes a webhook, and shows its secret this once. */
export function NewWebhookDialog({ isOpen, onClose, onDone }: NewWebhookDialogProps) {
  const words = useWebhookMessages();
  const [made, setMade] = useState<WebhookWithSecret | null>(null);
  return (
    <Dialog
      title={made === null ? words.add : words.secretTitle}
      isOpen={isOpen}
      onClose={onClose}
      mustBeAnswered={made !== null}
    >
      {made === null ? (
        <NewWebhookForm onClose={onClose} onCreated={setMade} />
      ) : (
        <SecretShown
          webhook={made}
          onClose={() => {
            onDone(made);
          }}
        />
      )}
    </Dialog>
  );
}

interface NewWebhookFormProps {
  readonly onClose: () => void;
  readonly onCreated: (webhook: WebhookWithSecret) => void;
}

function NewWebhookForm({ onClose, onCreated }: NewWebhookFormProps) {
  const messages = useMessages();
  const words = useWebhookMessages();
  const { api } = useSession();
  const guard = useStepUp();
  const mayAll = useAdministrator().permissions.includes("meetings:administer");
  const { isPending, error, run, reset } = useAttempt();
  const [draft, setDraft] = useState<WebhookDraft>({ url: "", description: "", events: [] });
  const [reach, setReach] = useState<WebhookReach>(mayAll ? "all" : "own");
  const [isChecked, setChecked] = useState(false);
  const keys = useRef(new RequestKeys());

  const submit = async () => {
    setChecked(true);
    const wanted = { ...trimmed(draft), meetings: reach };
    if (Object.keys(problemsOf(words, wanted)).length > 0) return;
    await run(async () => {
      const done = await guard(() => api.webhooks.create(wanted, keys.current.of(wanted)));
      if (done !== null) onCreated(done.value);
    });
  };

  return (
    <Form
      className={formStyles.form}
      aria-label={words.add}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {error?.fields.url === undefined && <Failure error={error} texts={{ conflict: words.tooMany }} />}
      <WebhookFields
        value={draft}
        errors={{ ...error?.fields, ...(isChecked && problemsOf(words, trimmed(draft))) }}
        onChange={(next) => {
          setDraft(next);
          reset();
        }}
      />
      {mayAll && (
        <OneOf
          label={words.reach}
          choices={(["all", "own"] as const).map((id) => ({ id, label: words.reaches[id], hint: words.reachHints[id] }))}
          selected={reach}
          onSelect={(id) => {
            setReach(id as WebhookReach);
          }}
        />
      )}
      <div className={formStyles.actions}>
        <Button onPress={onClose}>{messages.common.cancel}</Button>
        <Button type="submit" variant="primary" isPending={isPending}>
          {words.create}
        </Button>
      </div>
    </Form>
  );
}
