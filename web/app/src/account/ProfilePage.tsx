import { asParleyError, type Language, type User } from "@parley/sdk";
import { Download, Languages } from "lucide-react";
import { useId, useState } from "react";
import { Form } from "react-aria-components";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useStepUp } from "../factors/step-up/step-up.js";
import { CATALOGUES, LANGUAGES, useLanguage, useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import { Select } from "../ui/Select.js";
import { saveFile } from "../ui/save-file.js";
import { showToast } from "../ui/toasts.js";
import { useAccountUser } from "./AccountPage.js";
import { AccountSection } from "./AccountSection.js";
import { Card } from "../ui/Card.js";
import { AddressCard } from "./AddressCard.js";
import { DeletionCard } from "./DeletionCard.js";
import styles from "../forms/Form.module.css";

/** Who somebody is here: name, language, address; and all of it taken along, or taken away. */
export function ProfilePage() {
  const user = useAccountUser();
  return (
    <AccountSection id="profile">
      <BasicsCard user={user} />
      <AddressCard user={user} />
      <DataCard user={user} />
      <DeletionCard user={user} />
    </AccountSection>
  );
}

function BasicsCard({ user }: { readonly user: User }) {
  const { messages, setLanguage } = useLanguage();
  const texts = messages.account.profile;
  const { api } = useSession();
  const [name, setName] = useState(user.displayName);
  const [locale, setLocale] = useState<Language>(user.locale);
  const [problem, setProblem] = useState<string | undefined>();
  const { isPending, error, run } = useAttempt();
  const languageId = useId();

  const save = async () => {
    setProblem(name.trim() === "" ? messages.welcome.missing.name : undefined);
    if (name.trim() === "") return;
    const isSaved = await run(async () => {
      try {
        await api.account.updateProfile({ displayName: name.trim(), locale });
      } catch (thrown) {
        const text = asParleyError(thrown).fields.display_name;
        if (text === undefined) throw thrown;
        setProblem(text);
        return;
      }
      if (locale !== user.locale) setLanguage(locale);
      showToast({ tone: "info", title: (locale === user.locale ? messages : CATALOGUES[locale]).account.profile.saved });
    });
    if (isSaved) setName((typed) => typed.trim());
  };

  return (
    <Card title={texts.basics}>
      <Form
        className={styles.form}
        aria-label={texts.basics}
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Failure error={error} />
        <Field
          label={texts.name}
          hint={texts.nameHint}
          name="name"
          autoComplete="name"
          maxLength={64}
          value={name}
          onChange={setName}
          error={problem}
        />
        <div>
          <p className={styles.label} id={languageId} aria-hidden>
            {texts.languageLead}
          </p>
          <Select
            label={texts.languageLead}
            icon={<Languages aria-hidden />}
            items={LANGUAGES.map((id) => ({ id, label: CATALOGUES[id].languageName }))}
            selected={locale}
            placeholder={texts.language}
            onSelect={(id) => {
              setLocale(id as Language);
            }}
          />
        </div>
        <div className={styles.actions}>
          <Button type="submit" variant="primary" isPending={isPending}>
            {messages.account.save}
          </Button>
        </div>
      </Form>
    </Card>
  );
}

function DataCard({ user }: { readonly user: User }) {
  const texts = useMessages().account.data;
  const { api } = useSession();
  const guard = useStepUp();
  const { isPending, error, run } = useAttempt();

  const download = async () => {
    await run(async () => {
      const copy = await guard(() => api.account.exportData());
      if (copy === null) return;
      const file = new Blob([`${JSON.stringify(copy.value, null, 2)}\n`], { type: "application/json" });
      saveFile(file, `parley-${user.id}.json`);
      showToast({ tone: "info", title: texts.done });
    });
  };

  return (
    <Card
      title={texts.title}
      lead={texts.lead}
      action={
        <Button icon={<Download aria-hidden />} isPending={isPending} onPress={() => void download()}>
          {texts.action}
        </Button>
      }
    >
      {error !== null && <Failure error={error} />}
    </Card>
  );
}
