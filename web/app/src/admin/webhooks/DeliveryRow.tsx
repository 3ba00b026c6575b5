import { asParleyError, type Delivery, type DeliveryAttempt, type ListedDelivery, type ParleyError } from "@parley/sdk";
import { Check, CircleX, Clock, RotateCcw } from "lucide-react";
import { useEffect, useState } from "react";
import { useLocale } from "react-aria-components";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { problemText, useMessages } from "../../messages/catalogue.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { Spinner } from "../../ui/Spinner.js";
import { showToast } from "../../ui/toasts.js";
import { moment } from "../dates.js";
import { Facts } from "../Facts.js";
import { OpeningRow } from "../OpeningRow.js";
import { outcomeOf } from "./outcome.js";
import { useGone } from "./useGone.js";
import { useWebhookMessages } from "./useWebhookMessages.js";
import styles from "./Webhooks.module.css";
import { answerOf } from "./words.js";

const ICONS = { delivered: <Check />, pending: <Clock />, failed: <CircleX /> };
const TONES = { delivered: "plain", pending: "waiting", failed: "bad" } as const;

interface DeliveryRowProps {
  readonly webhookId: string;
  readonly listed: ListedDelivery;
  /** Null: it was not fetched yet. */
  readonly whole: Delivery | null;
  readonly mayChange: boolean;
  readonly onKnown: (delivery: Delivery) => void;
}

/** One message, and how it stands; opens to what it says, and every attempt to bring it. */
export function DeliveryRow({ webhookId, listed, whole, mayChange, onKnown }: DeliveryRowProps) {
  const words = useWebhookMessages();
  const { locale } = useLocale();
  const { state, lastAttempt, createdAt } = listed;
  return (
    <OpeningRow
      tone={TONES[state]}
      icon={ICONS[state]}
      title={words.eventNames[listed.event] ?? listed.event}
      about={
        <>
          <span>{lastAttempt === null || state === "delivered" ? words.log.states[state] : answerOf(words, lastAttempt)}</span>
          <time dateTime={createdAt}>{moment(createdAt, locale)}</time>
        </>
      }
    >
      {() => <Details webhookId={webhookId} id={listed.id} whole={whole} mayChange={mayChange} onKnown={onKnown} />}
    </OpeningRow>
  );
}

interface DetailsProps extends Pick<DeliveryRowProps, "webhookId" | "whole" | "mayChange" | "onKnown"> {
  readonly id: string;
}

function Details({ webhookId, id, whole, mayChange, onKnown }: DetailsProps) {
  const { api } = useSession();
  const [error, setError] = useState<ParleyError | null>(null);
  const [edition, setEdition] = useState(0);
  const isMissing = whole === null;
  useEffect(() => {
    if (!isMissing) return undefined;
    let isCurrent = true;
    api.webhooks.readDelivery(webhookId, id).then(
      (delivery) => {
        if (isCurrent) onKnown(delivery);
      },
      (thrown: unknown) => {
        if (isCurrent) setError(asParleyError(thrown));
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [api, webhookId, id, isMissing, edition, onKnown]);
  if (whole !== null) return <Whole webhookId={webhookId} delivery={whole} mayChange={mayChange} onKnown={onKnown} />;
  if (error === null) return <Spinner />;
  const reload = () => {
    setError(null);
    setEdition((before) => before + 1);
  };
  return <LoadFailure of={{ error, reload }} />;
}

interface WholeProps extends Pick<DeliveryRowProps, "webhookId" | "mayChange" | "onKnown"> {
  readonly delivery: Delivery;
}

function Whole({ webhookId, delivery, mayChange, onKnown }: WholeProps) {
  const words = useWebhookMessages().log;
  const { locale } = useLocale();
  const payload = JSON.stringify(delivery.payload, null, 2);
  const next = delivery.state === "pending" ? delivery.nextAttemptAt : null;
  return (
    <div className={styles.details}>
      <Facts
        of={[
          [words.state, words.states[delivery.state]],
          [words.event, <code key="event">{delivery.event}</code>],
          [words.messageId, <code key="id">{delivery.id}</code>],
          [words.next, next === null ? null : moment(next, locale, true)],
        ]}
      />
      <section>
        <h3 className={styles.heading}>{words.attempts}</h3>
        {delivery.attempts.length === 0 ? (
          <p className={styles.note}>{words.noAttempts}</p>
        ) : (
          <ol className={styles.attempts} aria-label={words.attempts}>
            {delivery.attempts.map((attempt) => (
              <Attempt key={attempt.at} attempt={attempt} />
            ))}
          </ol>
        )}
      </section>
      <section>
        <h3 className={styles.heading}>{words.payload}</h3>
        <pre className={styles.code} aria-label={words.payload} role="region" tabIndex={0}>
          {payload}
        </pre>
      </section>
      <div className={styles.actions}>
        {mayChange && <RedeliverButton webhookId={webhookId} id={delivery.id} onKnown={onKnown} />}
        <CopyButton text={payload} label={words.copyPayload} />
      </div>
    </div>
  );
}

function Attempt({ attempt }: { readonly attempt: DeliveryAttempt }) {
  const words = useWebhookMessages();
  const { locale } = useLocale();
  return (
    <li className={styles.attempt}>
      <p className={styles.about}>
        <strong>{answerOf(words, attempt)}</strong>
        <time dateTime={attempt.at}>{moment(attempt.at, locale, true)}</time>
        <span>{words.log.took(attempt.durationMs)}</span>
      </p>
      {attempt.excerpt !== "" && <pre className={styles.code}>{attempt.excerpt}</pre>}
    </li>
  );
}

interface RedeliverButtonProps extends Pick<DeliveryRowProps, "webhookId" | "onKnown"> {
  readonly id: string;
}

/** Sends a message again, and shows what becomes of it. */
function RedeliverButton({ webhookId, id, onKnown }: RedeliverButtonProps) {
  const messages = useMessages();
  const words = useWebhookMessages().log;
  const { api } = useSession();
  const [isPending, setPending] = useState(false);
  const gone = useGone();
  const send = async () => {
    setPending(true);
    try {
      const sent = await api.webhooks.redeliver(webhookId, id);
      onKnown(sent);
      onKnown(await outcomeOf(sent, () => api.webhooks.readDelivery(webhookId, id), gone.current.signal));
    } catch (thrown) {
      showToast({ tone: "error", title: problemText(messages, asParleyError(thrown)) });
    } finally {
      setPending(false);
    }
  };
  return (
    <Button icon={<RotateCcw aria-hidden />} isPending={isPending} onPress={() => void send()}>
      {words.redeliver}
    </Button>
  );
}
