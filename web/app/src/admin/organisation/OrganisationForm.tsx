import { asParleyError, type Organisation, type Versioned } from "@parley/sdk";
import { useState } from "react";
import { Form } from "react-aria-components";
import { useStepUp } from "../../factors/step-up/step-up.js";
import { NumberField } from "../../forms/NumberField.js";
import { SaveFailure } from "../../forms/SaveFailure.js";
import { useAttempt } from "../../forms/useAttempt.js";
import { useMeetingMessages } from "../../meetings/useMeetingMessages.js";
import planningStyles from "../../planning/Planning.module.css";
import { RemindersCard } from "../../planning/RemindersCard.js";
import { SettingsFields } from "../../planning/SettingsFields.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Card } from "../../ui/Card.js";
import { showToast } from "../../ui/toasts.js";
import { changeOf, draftOf, fieldsOf, problemsOf, type Draft } from "./draft.js";
import styles from "./Organisation.module.css";
import { useOrganisationMessages } from "./useOrganisationMessages.js";

interface OrganisationFormProps {
  readonly current: Versioned<Organisation>;
  readonly onChanged: (organisation: Versioned<Organisation>) => void;
  readonly onReload: () => void;
}

/** Changes what holds for everybody. What somebody else has changed meanwhile is told. */
export function OrganisationForm({ current: { value, version }, onChanged, onReload }: OrganisationFormProps) {
  const words = useOrganisationMessages();
  const { settings: settingsWords } = useMeetingMessages();
  const { api } = useSession();
  const guard = useStepUp();
  const { isPending, error, run } = useAttempt();
  const [draft, setDraft] = useState<Draft>(() => draftOf(value));
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const set = (change: Partial<Draft>) => {
    setDraft((before) => ({ ...before, ...change }));
    setErrors({});
  };

  const submit = async () => {
    const texts = { ...words, ...settingsWords };
    const found = Object.entries(problemsOf(draft)).map(([field, problem]): [string, string] => [field, texts[problem]]);
    setErrors(Object.fromEntries(found));
    if (found.length > 0) return;
    await run(async () => {
      try {
        const done = await guard(() => api.meetings.setOrganisation(changeOf(draft), version));
        if (done === null) return;
        showToast({ tone: "info", title: words.saved });
        onChanged(done.value);
      } catch (thrown) {
        setErrors(fieldsOf(asParleyError(thrown).fields));
        throw thrown;
      }
    });
  };

  return (
    <Form
      className={styles.form}
      aria-label={words.form}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <SaveFailure error={error} texts={words} onReload={onReload} />
      <Card title={words.defaults} lead={words.defaultsLead}>
        <SettingsFields
          value={draft.settings}
          errors={errors}
          onChange={(settings) => {
            set({ settings });
          }}
        />
      </Card>
      <RemindersCard
        value={draft.settings.reminders}
        sendsMail={value.sendsMail}
        error={errors["settings.reminders"]}
        onChange={(reminders) => {
          set({ settings: { ...draft.settings, reminders } });
        }}
      />
      <Card title={words.retention} lead={words.retentionLead}>
        <div className={planningStyles.pairs}>
          <NumberField
            label={words.historyDays}
            hint={words.historyHint}
            value={draft.historyDays}
            error={errors.history_days}
            onChange={(historyDays) => {
              set({ historyDays });
            }}
          />
          <NumberField
            label={words.recordingsDays}
            hint={words.recordingsHint}
            value={draft.recordingsDays}
            error={errors.recordings_days}
            onChange={(recordingsDays) => {
              set({ recordingsDays });
            }}
          />
        </div>
      </Card>
      <div className={planningStyles.actions}>
        <Button type="submit" variant="primary" isPending={isPending}>
          {words.save}
        </Button>
      </div>
    </Form>
  );
}
