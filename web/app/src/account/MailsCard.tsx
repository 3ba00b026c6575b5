import type { Language, MailPreferences } from "@parley/sdk";
import { Languages } from "lucide-react";
import { useState } from "react";
import { Form } from "react-aria-components";
import { Failure } from "../forms/Failure.js";
import styles from "../forms/Form.module.css";
import { useAttempt } from "../forms/useAttempt.js";
import { CATALOGUES, LANGUAGES, useMessages } from "../messages/catalogue.js";
import { ownTimeZone } from "../planning/time-zone.js";
import { TimeZoneField } from "../planning/TimeZoneField.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Card } from "../ui/Card.js";
import { Select } from "../ui/Select.js";
import { showToast } from "../ui/toasts.js";

interface MailsCardProps {
  readonly initial: MailPreferences;
  /** Of the account: offered where nothing was chosen for these mails. */
  readonly ownLanguage: Language;
}

/** In which language mails about meetings are written, and which time zone's times they tell. */
export function MailsCard({ initial, ownLanguage }: MailsCardProps) {
  const messages = useMessages();
  const texts = messages.account.calendar;
  const { api } = useSession();
  const [locale, setLocale] = useState<Language>(initial.locale ?? ownLanguage);
  const [timeZone, setTimeZone] = useState(initial.timeZone ?? ownTimeZone());
  const { isPending, error, run } = useAttempt();
  const save = () =>
    run(async () => {
      await api.meetings.calendar.setPreferences({ locale, timeZone });
      showToast({ tone: "info", title: texts.saved });
    });
  return (
    <Card title={texts.mails} lead={texts.mailsLead}>
      <Form
        className={styles.form}
        aria-label={texts.mails}
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Failure error={error} />
        <Select
          label={texts.language}
          isLabelled
          icon={<Languages aria-hidden />}
          items={LANGUAGES.map((id) => ({ id, label: CATALOGUES[id].languageName }))}
          selected={locale}
          placeholder={texts.language}
          onSelect={(id) => {
            setLocale(id as Language);
          }}
        />
        <TimeZoneField value={timeZone} onChange={setTimeZone} />
        <div className={styles.actions}>
          <Button type="submit" variant="primary" isPending={isPending}>
            {messages.account.save}
          </Button>
        </div>
      </Form>
    </Card>
  );
}
