import { Field } from "../../ui/Field.js";
import { SomeOf } from "../../ui/Choices.js";
import { useWebhookMessages } from "./useWebhookMessages.js";

/** What can be said of a webhook, as its form has it. */
export interface WebhookDraft {
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
}

type Problems = Readonly<Partial<Record<keyof WebhookDraft, string>>>;

interface WebhookFieldsProps {
  readonly value: WebhookDraft;
  readonly errors: Problems;
  readonly onChange: (draft: WebhookDraft) => void;
}

/** A message that one asks for, and that nobody subscribes to. */
const TEST = "webhook.test";

/** Where a webhook is, what it is for, and what it is told of. */
export function WebhookFields({ value, errors, onChange }: WebhookFieldsProps) {
  const words = useWebhookMessages();
  const known = Object.keys(words.eventNames).filter((type) => type !== TEST);
  // What a later release of the service has added is not lost here.
  const types = [...new Set([...known, ...value.events])];
  return (
    <>
      <Field
        label={words.url}
        hint={words.urlHint}
        type="url"
        name="url"
        autoComplete="off"
        maxLength={2048}
        value={value.url}
        error={errors.url}
        onChange={(url) => {
          onChange({ ...value, url });
        }}
      />
      <Field
        label={words.description}
        hint={words.descriptionHint}
        name="description"
        autoComplete="off"
        maxLength={200}
        value={value.description}
        error={errors.description}
        onChange={(description) => {
          onChange({ ...value, description });
        }}
      />
      <SomeOf
        label={words.events}
        error={errors.events}
        choices={types.map((id) => ({ id, label: words.eventNames[id] ?? id }))}
        selected={value.events}
        onSelect={(events) => {
          onChange({ ...value, events });
        }}
      />
    </>
  );
}

/** The draft as it is sent. */
export function trimmed({ url, description, events }: WebhookDraft): WebhookDraft {
  return { url: url.trim(), description: description.trim(), events };
}

/** What the service would refuse, as far as one can tell here. */
export function problemsOf(words: Readonly<Record<"urlMissing" | "eventsMissing", string>>, draft: WebhookDraft): Problems {
  return {
    ...(!/^https?:\/\/./.test(draft.url) && { url: words.urlMissing }),
    ...(draft.events.length === 0 && { events: words.eventsMissing }),
  };
}
