import type { Delivery, DeliveryState, ListedDelivery } from "@parley/sdk";
import { CircleDot, Inbox, RefreshCw, RotateCcw } from "lucide-react";
import { useCallback, useState } from "react";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { MoreButton } from "../../loading/MoreButton.js";
import { useFilters } from "../../loading/useFilters.js";
import { usePages } from "../../loading/usePages.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Card } from "../../ui/Card.js";
import { Empty } from "../../ui/Empty.js";
import { IconButton } from "../../ui/IconButton.js";
import { Select } from "../../ui/Select.js";
import { Spinner } from "../../ui/Spinner.js";
import { OpeningRows } from "../OpeningRow.js";
import tableStyles from "../Table.module.css";
import { DeliveryRow } from "./DeliveryRow.js";
import { RedeliverDialog } from "./RedeliverDialog.js";
import { useWebhookMessages } from "./useWebhookMessages.js";
import styles from "./Webhooks.module.css";

const FILTERS = ["state"] as const;
const STATES: readonly DeliveryState[] = ["delivered", "pending", "failed"];
const NOTHING: ReadonlyMap<string, Delivery> = new Map();

interface DeliveriesCardProps {
  readonly id: string;
  readonly mayChange: boolean;
}

/** What a webhook was told, what became of each message, and sending again. */
export function DeliveriesCard({ id, mayChange }: DeliveriesCardProps) {
  const words = useWebhookMessages().log;
  const { api } = useSession();
  const { values, set } = useFilters(FILTERS);
  const state = STATES.find((each) => each === values.state);
  const pages = usePages<ListedDelivery>(
    useCallback((cursor?: string) => api.webhooks.deliveries(id, { state }, cursor), [api, id, state]),
  );
  // What is known newer than the list, of those that were opened or sent again.
  const [known, setKnown] = useState(NOTHING);
  const know = useCallback((delivery: Delivery) => {
    setKnown((before) => new Map(before).set(delivery.id, delivery));
  }, []);
  const [isAsking, setAsking] = useState(false);
  const { items } = pages;
  const reload = () => {
    setKnown(NOTHING);
    pages.reload();
  };
  return (
    <Card
      title={words.title}
      lead={words.lead}
      action={
        <div className={styles.actions}>
          <IconButton label={words.refresh} onPress={reload}>
            <RefreshCw aria-hidden />
          </IconButton>
          {mayChange && (
            <Button
              icon={<RotateCcw aria-hidden />}
              onPress={() => {
                setAsking(true);
              }}
            >
              {words.redeliverFailed}
            </Button>
          )}
        </div>
      }
    >
      <div className={tableStyles.filters}>
        <div className={tableStyles.filter}>
          <Select
            label={words.state}
            icon={<CircleDot aria-hidden />}
            items={[{ id: "any", label: words.anyState }, ...STATES.map((each) => ({ id: each, label: words.states[each] }))]}
            selected={state ?? "any"}
            placeholder={words.anyState}
            onSelect={(chosen) => {
              set({ state: chosen === "any" ? "" : chosen });
            }}
          />
        </div>
      </div>
      <LoadFailure of={pages} />
      {items === null && pages.error === null && <Spinner />}
      {items?.length === 0 && (
        <Empty icon={<Inbox aria-hidden />} title={words.none} text={state === undefined ? words.noneText : words.noneFits} />
      )}
      {items !== null && items.length > 0 && (
        <OpeningRows label={words.title}>
          {items.map((item) => (
            <DeliveryRow
              key={item.id}
              webhookId={id}
              listed={known.get(item.id) ?? item}
              whole={known.get(item.id) ?? null}
              mayChange={mayChange}
              onKnown={know}
            />
          ))}
        </OpeningRows>
      )}
      <MoreButton of={pages} />
      <RedeliverDialog
        id={id}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onDone={reload}
      />
    </Card>
  );
}
