import type { ListedDelivery, Webhook } from "@parley/sdk";
import { Plus, Webhook as WebhookIcon } from "lucide-react";
import { useCallback, useState } from "react";
import { useLocale } from "react-aria-components";
import { Link, useNavigate } from "react-router";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useLoaded } from "../../loading/useLoaded.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Empty } from "../../ui/Empty.js";
import { IconTile } from "../../ui/IconTile.js";
import { Spinner } from "../../ui/Spinner.js";
import { useAdministrator } from "../AdminPage.js";
import { AdminSection } from "../AdminSection.js";
import { moment } from "../dates.js";
import { Pill } from "../Pill.js";
import rowStyles from "../services/Services.module.css";
import tableStyles from "../Table.module.css";
import { NewWebhookDialog } from "./NewWebhookDialog.js";
import { useWebhookMessages } from "./useWebhookMessages.js";
import styles from "./Webhooks.module.css";
import { stateOf, TONES } from "./words.js";

/** The servers that are told what happens in meetings. */
export function WebhooksPage() {
  const words = useWebhookMessages();
  const { api } = useSession();
  const { permissions } = useAdministrator();
  const navigate = useNavigate();
  const [isAdding, setAdding] = useState(false);
  const loaded = useLoaded(useCallback(() => api.webhooks.list(), [api]));
  const items = loaded.value;
  return (
    <AdminSection
      id="webhooks"
      action={
        permissions.includes("webhooks:write") && (
          <Button
            variant="primary"
            icon={<Plus aria-hidden />}
            onPress={() => {
              setAdding(true);
            }}
          >
            {words.add}
          </Button>
        )
      }
    >
      <LoadFailure of={loaded} />
      {items === null && loaded.error === null && <Spinner />}
      {items?.length === 0 && <Empty icon={<WebhookIcon aria-hidden />} title={words.none} text={words.noneText} />}
      {items !== null && items.length > 0 && (
        <ul className={rowStyles.list} aria-label={words.list}>
          {items.map((webhook) => (
            <Row key={webhook.id} webhook={webhook} />
          ))}
        </ul>
      )}
      <NewWebhookDialog
        isOpen={isAdding}
        onClose={() => {
          setAdding(false);
        }}
        onDone={({ id }) => void navigate(`/admin/webhooks/${id}`)}
      />
    </AdminSection>
  );
}

function Row({ webhook }: { readonly webhook: Webhook }) {
  const words = useWebhookMessages();
  const state = stateOf(webhook);
  return (
    <li className={rowStyles.row}>
      <IconTile isAccented={webhook.enabled}>
        <WebhookIcon />
      </IconTile>
      <div className={styles.words}>
        <div className={styles.head}>
          <Link to={`/admin/webhooks/${webhook.id}`} className={tableStyles.name}>
            {webhook.url}
          </Link>
          <Pill tone={TONES[state]}>{words.states[state]}</Pill>
        </div>
        {webhook.description !== "" && <p className={styles.description}>{webhook.description}</p>}
        <p className={styles.about}>
          <span>{words.reaches[webhook.meetings]}</span>
          <span>{words.eventCount(webhook.events.length)}</span>
          <LastDelivery last={webhook.lastDelivery} />
        </p>
      </div>
    </li>
  );
}

/** What became of the last thing that a webhook was told. */
function LastDelivery({ last }: { readonly last: ListedDelivery | null }) {
  const words = useWebhookMessages().lastDelivery;
  const { locale } = useLocale();
  if (last === null) return <span>{words.none}</span>;
  return <span>{words[last.state](moment(last.lastAttempt?.at ?? last.createdAt, locale))}</span>;
}
