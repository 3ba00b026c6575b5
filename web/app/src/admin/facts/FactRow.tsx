import type { SetAsideFact } from "@parley/sdk";
import { RotateCcw, Trash2, TriangleAlert } from "lucide-react";
import { useCallback, useState } from "react";
import { useLocale } from "react-aria-components";
import { Failure } from "../../forms/Failure.js";
import { useAttempt } from "../../forms/useAttempt.js";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useLoaded } from "../../loading/useLoaded.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Notice } from "../../ui/Notice.js";
import { Spinner } from "../../ui/Spinner.js";
import { showToast } from "../../ui/toasts.js";
import { ActionDialog } from "../ActionDialog.js";
import { moment } from "../dates.js";
import { Facts } from "../Facts.js";
import { OpeningRow } from "../OpeningRow.js";
import { useMeetingAdminMessages } from "../useMeetingAdminMessages.js";
import styles from "./Facts.module.css";

interface FactRowProps {
  readonly fact: SetAsideFact;
  /** It is set aside no more. */
  readonly onGone: () => void;
}

/** A fact and why it could not be taken, which opens to all of it. */
export function FactRow({ fact, onGone }: FactRowProps) {
  const texts = useMeetingAdminMessages().facts;
  const { locale } = useLocale();
  return (
    <OpeningRow
      tone="bad"
      icon={<TriangleAlert />}
      title={`${fact.eventType ?? texts.unreadable}: ${fact.reason}`}
      about={
        <>
          {fact.meetingId !== "" && <span>{fact.meetingId}</span>}
          <time dateTime={fact.setAsideAt}>{moment(fact.setAsideAt, locale)}</time>
        </>
      }
    >
      {() => <Details id={fact.id} onGone={onGone} />}
    </OpeningRow>
  );
}

function Details({ id, onGone }: { readonly id: string; readonly onGone: () => void }) {
  const texts = useMeetingAdminMessages().facts;
  const { api } = useSession();
  const { locale } = useLocale();
  const loaded = useLoaded(useCallback(() => api.meetingsAdministration.setAsideFact(id), [api, id]));
  const { error, isPending, run } = useAttempt();
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isDiscarding, setDiscarding] = useState(false);
  const { value: whole } = loaded;
  const retry = () =>
    run(async () => {
      const reason = await api.meetingsAdministration.retryFact(id);
      setRefusal(reason);
      if (reason !== null) {
        loaded.reload();
        return;
      }
      showToast({ tone: "info", title: texts.taken });
      onGone();
    });
  return (
    <div className={styles.details}>
      <LoadFailure of={loaded} />
      {whole === null && loaded.error === null && <Spinner />}
      {whole !== null && (
        <>
          <Facts
            of={[
              [texts.fields.reason, whole.reason],
              [texts.fields.meeting, whole.meetingId === "" ? null : <code>{whole.meetingId}</code>],
              [texts.fields.version, whole.version === 0 ? null : whole.version],
              [texts.fields.at, moment(whole.setAsideAt, locale, true)],
              [texts.fields.tries, texts.times(whole.tries)],
            ]}
          />
          {whole.fact === null ? (
            <p className={styles.label}>{texts.tooLong}</p>
          ) : (
            <div>
              <p className={styles.label}>{texts.fact}</p>
              <pre className={styles.fact} tabIndex={0} role="region" aria-label={texts.fact}>
                {JSON.stringify(whole.fact, null, 2)}
              </pre>
            </div>
          )}
        </>
      )}
      <Failure error={error} />
      {refusal !== null && (
        <Notice tone="error" title={texts.notTaken}>
          {refusal}
        </Notice>
      )}
      <div className={styles.actions}>
        <Button
          icon={<RotateCcw aria-hidden />}
          isPending={isPending}
          isDisabled={whole?.fact === null}
          onPress={() => void retry()}
        >
          {texts.retry}
        </Button>
        <Button
          icon={<Trash2 aria-hidden />}
          onPress={() => {
            setDiscarding(true);
          }}
        >
          {texts.discard}
        </Button>
      </div>
      <ActionDialog
        title={texts.discardTitle}
        effects={texts.discardEffects}
        action={texts.discard}
        isOpen={isDiscarding}
        onClose={() => {
          setDiscarding(false);
        }}
        onConfirm={async () => {
          await api.meetingsAdministration.discardFact(id);
          showToast({ tone: "info", title: texts.discarded });
          onGone();
        }}
      />
    </div>
  );
}
