import { type ServiceAccount } from "@parley/sdk";
import { Bot, SearchX } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { useLocale } from "react-aria-components";
import { Link, useNavigate, useParams } from "react-router";
import { Card } from "../../ui/Card.js";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useLoaded } from "../../loading/useLoaded.js";
import { useMessages } from "../../messages/catalogue.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { Spinner } from "../../ui/Spinner.js";
import { showToast } from "../../ui/toasts.js";
import { usePageTitle } from "../../ui/usePageTitle.js";
import { ActionDialog } from "../ActionDialog.js";
import { useAdministrator } from "../AdminPage.js";
import { BackLink } from "../../ui/PageHead.js";
import { useNames } from "../audit/names.js";
import { nameIn } from "../audit/words.js";
import { moment } from "../dates.js";
import { Empty } from "../../ui/Empty.js";
import { Facts } from "../Facts.js";
import userStyles from "../users/UserPage.module.css";
import { useAdminMessages } from "../useAdminMessages.js";
import { KeysCard } from "./KeysCard.js";
import { References } from "./References.js";
import styles from "./Services.module.css";
import { IconTile } from "../../ui/IconTile.js";
import { Permissions } from "./ServicesPage.js";

/** One service account: what it may do, and its keys. */
export function ServicePage() {
  const { id = "" } = useParams();
  return <OneService key={id} id={id} />;
}

function OneService({ id }: { readonly id: string }) {
  const messages = useMessages();
  const texts = useAdminMessages();
  const words = texts.services;
  const { api } = useSession();
  const loaded = useLoaded(useCallback(() => api.administration.getServiceAccount(id), [api, id]));
  const account = loaded.value;
  usePageTitle(`${account?.name ?? texts.sections["service-accounts"].title} · ${texts.title} · ${messages.product}`);
  return (
    <>
      <BackLink to="/admin/service-accounts">{words.back}</BackLink>
      {loaded.error?.status === 404 ? (
        <Empty icon={<SearchX aria-hidden />} title={words.missingTitle} text={words.missingText}>
          <Link to={`/admin/audit?user=${encodeURIComponent(id)}`}>{texts.user.logAbout}</Link>
        </Empty>
      ) : (
        <LoadFailure of={loaded} />
      )}
      {account === null && loaded.error === null && <Spinner />}
      {account !== null && <Cards account={account} />}
    </>
  );
}

function Cards({ account }: { readonly account: ServiceAccount }) {
  const { permissions } = useAdministrator();
  const mayChange = permissions.includes("service_accounts:write");
  return (
    <>
      <header className={styles.who}>
        <IconTile isAccented>
          <Bot />
        </IconTile>
        <h1 className={styles.name}>{account.name}</h1>
      </header>
      <FactsCard account={account} />
      <KeysCard account={account} mayChange={mayChange} />
      <References />
      {mayChange && <EndCard account={account} />}
    </>
  );
}

function FactsCard({ account }: { readonly account: ServiceAccount }) {
  const texts = useAdminMessages();
  const words = texts.services;
  const { locale } = useLocale();
  const { permissions } = useAdministrator();
  const names = useNames(useMemo(() => [account.createdBy], [account.createdBy]));
  return (
    <Card title={words.permissions}>
      <Permissions names={account.permissions} />
      <Facts
        of={[
          [
            words.id,
            <>
              <code>{account.id}</code>
              <CopyButton text={account.id} label={words.copyId} variant="icon" />
            </>,
          ],
          [texts.user.created, moment(account.createdAt, locale)],
          [words.createdBy, nameIn(texts, names, account.createdBy)],
        ]}
      />
      {permissions.includes("audit:read") && (
        <p className={userStyles.links}>
          <Link to={`/admin/audit?user=${encodeURIComponent(account.id)}`}>{texts.user.logAbout}</Link>
        </p>
      )}
    </Card>
  );
}

function EndCard({ account }: { readonly account: ServiceAccount }) {
  const words = useAdminMessages().services;
  const { api } = useSession();
  const navigate = useNavigate();
  const [isAsking, setAsking] = useState(false);
  return (
    <Card
      title={words.end}
      lead={words.endLead}
      isDangerous
      action={
        <Button
          onPress={() => {
            setAsking(true);
          }}
        >
          {words.endOpen}
        </Button>
      }
    >
      <ActionDialog
        title={words.endTitle(account.name)}
        effects={words.endEffects}
        action={words.endAction}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={async () => {
          await api.administration.deleteServiceAccount(account.id);
          showToast({ tone: "info", title: words.ended(account.name) });
          await navigate("/admin/service-accounts", { replace: true });
        }}
      />
    </Card>
  );
}
