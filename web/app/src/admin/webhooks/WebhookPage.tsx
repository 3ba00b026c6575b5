import type { Webhook } from "@parley/sdk";
import { SearchX, Webhook as WebhookIcon } from "lucide-react";
import { useCallback, useState, type ReactNode } from "react";
import { useParams } from "react-router";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useLoaded } from "../../loading/useLoaded.js";
import { useMessages } from "../../messages/catalogue.js";
import { MessagePanel } from "../../pages/MessagePanel.js";
import { useSession } from "../../session/session.js";
import { IconTile } from "../../ui/IconTile.js";
import { BackLink } from "../../ui/PageHead.js";
import { Spinner } from "../../ui/Spinner.js";
import { TabLinks } from "../../ui/TabLinks.js";
import { usePageTitle } from "../../ui/usePageTitle.js";
import { useAdministrator } from "../AdminPage.js";
import { Pill } from "../Pill.js";
import { useAdminMessages } from "../useAdminMessages.js";
import { ChangeCard } from "./ChangeCard.js";
import { DeliveriesCard } from "./DeliveriesCard.js";
import { DeleteCard } from "./DeleteCard.js";
import { SecretCard } from "./SecretCard.js";
import { StateCard } from "./StateCard.js";
import { TestButton } from "./TestButton.js";
import { useWebhookMessages } from "./useWebhookMessages.js";
import styles from "./Webhooks.module.css";
import { stateOf, TONES } from "./words.js";

/** One webhook: how it stands, what it is told and where, its secret; and what became of its messages. */
export function WebhookPage() {
  const { id = "", tab } = useParams();
  return <OneWebhook key={id} id={id} tab={tab === "deliveries" ? tab : "settings"} />;
}

function OneWebhook({ id, tab }: { readonly id: string; readonly tab: "settings" | "deliveries" }) {
  const messages = useMessages();
  const texts = useAdminMessages();
  const words = useWebhookMessages();
  const { api } = useSession();
  const { permissions } = useAdministrator();
  const mayChange = permissions.includes("webhooks:write");
  const loaded = useLoaded(useCallback(() => api.webhooks.read(id), [api, id]));
  const { value: current, reload, set } = loaded;
  const [edition, setEdition] = useState(0);
  // Of the address only the host: the rest may hold a secret, and titles are kept in the browser's history.
  usePageTitle(`${current === null ? texts.sections.webhooks.title : new URL(current.value.url).host} · ${texts.title} · ${messages.product}`);
  return (
    <>
      <BackLink to="/admin/webhooks">{words.back}</BackLink>
      {loaded.error?.status === 404 ? (
        <MessagePanel icon={<SearchX />} title={words.missingTitle} text={words.missingText} />
      ) : (
        <LoadFailure of={loaded} />
      )}
      {current === null && loaded.error === null && <Spinner />}
      {current !== null && (
        <>
          <Head webhook={current.value}>
            {mayChange && (
              <TestButton
                id={id}
                onTried={() => {
                  // A failure may have left its mark, and the log has one entry more.
                  reload();
                  setEdition((before) => before + 1);
                }}
              />
            )}
          </Head>
          <TabLinks
            label={words.tabsLabel}
            items={[
              { id: "settings", label: words.tabs.settings, to: `/admin/webhooks/${id}` },
              { id: "deliveries", label: words.tabs.deliveries, to: `/admin/webhooks/${id}/deliveries` },
            ]}
            current={tab}
          />
          {tab === "deliveries" ? (
            <DeliveriesCard key={edition} id={id} mayChange={mayChange} />
          ) : (
            <>
              <StateCard current={current} mayChange={mayChange} onChanged={set} />
              {mayChange && (
                // Begins anew when what it edits has changed, and not when the webhook is turned off or has another secret.
                <ChangeCard key={editedOf(current.value)} current={current} onChanged={set} onReload={reload} />
              )}
              {mayChange && <SecretCard webhook={current.value} onChanged={reload} />}
              {mayChange && <DeleteCard webhook={current.value} />}
            </>
          )}
        </>
      )}
    </>
  );
}

/** What a webhook's form is about, as one text. */
function editedOf({ url, description, events }: Webhook): string {
  return JSON.stringify([url, description, events]);
}

function Head({ webhook, children }: { readonly webhook: Webhook; readonly children: ReactNode }) {
  const words = useWebhookMessages();
  const state = stateOf(webhook);
  return (
    <header className={styles.title}>
      <IconTile isAccented={webhook.enabled}>
        <WebhookIcon />
      </IconTile>
      <div className={styles.what}>
        <h1 className={styles.url}>{webhook.url}</h1>
        {webhook.description !== "" && <p className={styles.description}>{webhook.description}</p>}
      </div>
      <Pill tone={TONES[state]}>{words.states[state]}</Pill>
      {children}
    </header>
  );
}
