import type { ServiceAccount } from "@parley/sdk";
import { Bot, Plus } from "lucide-react";
import { useCallback, useState } from "react";
import { useLocale } from "react-aria-components";
import { Link, useNavigate } from "react-router";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Spinner } from "../../ui/Spinner.js";
import { useAdministrator } from "../AdminPage.js";
import { AdminSection } from "../AdminSection.js";
import { day } from "../dates.js";
import { Empty } from "../../ui/Empty.js";
import { Pill } from "../Pill.js";
import tableStyles from "../Table.module.css";
import { useAdminMessages } from "../useAdminMessages.js";
import { usePages } from "../../loading/usePages.js";
import { NewServiceDialog } from "./NewServiceDialog.js";
import { IconTile } from "../../ui/IconTile.js";
import { References } from "./References.js";
import styles from "./Services.module.css";

/** The programs that use the API. */
export function ServicesPage() {
  const texts = useAdminMessages();
  const words = texts.services;
  const { api } = useSession();
  const { permissions } = useAdministrator();
  const navigate = useNavigate();
  const [isAdding, setAdding] = useState(false);
  const pages = usePages(useCallback((cursor?: string) => api.administration.listServiceAccounts(cursor), [api]));
  const { items } = pages;
  const add = permissions.includes("service_accounts:write") && (
    <Button
      variant="primary"
      icon={<Plus aria-hidden />}
      onPress={() => {
        setAdding(true);
      }}
    >
      {words.add}
    </Button>
  );
  return (
    <AdminSection id="service-accounts" action={add}>
      <LoadFailure of={pages} />
      {items === null && pages.error === null && <Spinner />}
      {items?.length === 0 && <Empty icon={<Bot aria-hidden />} title={words.none} text={words.noneText} />}
      {items !== null && items.length > 0 && (
        <ul className={styles.list} aria-label={words.list}>
          {items.map((account) => (
            <Row key={account.id} account={account} />
          ))}
        </ul>
      )}
      {pages.cursor !== null && (
        <div className={tableStyles.foot}>
          <Button isPending={pages.isLoading} onPress={pages.more}>
            {texts.more}
          </Button>
        </div>
      )}
      <References />
      <NewServiceDialog
        isOpen={isAdding}
        onClose={() => {
          setAdding(false);
        }}
        onCreated={(account) => void navigate(`/admin/service-accounts/${account.id}`)}
      />
    </AdminSection>
  );
}

function Row({ account }: { readonly account: ServiceAccount }) {
  const texts = useAdminMessages();
  const { locale } = useLocale();
  return (
    <li className={styles.row}>
      <IconTile isAccented>
        <Bot />
      </IconTile>
      <div className={tableStyles.words}>
        <Link to={`/admin/service-accounts/${account.id}`} className={tableStyles.name}>
          {account.name}
        </Link>
        <p className={styles.about}>{texts.services.created(day(account.createdAt, locale))}</p>
        <Permissions names={account.permissions} />
      </div>
    </li>
  );
}

/** What something may do, in words. */
export function Permissions({ names }: { readonly names: readonly string[] }) {
  const texts = useAdminMessages();
  return (
    <ul className={styles.permissions} aria-label={texts.services.permissions}>
      {names.map((name) => (
        <li key={name}>
          <Pill tone="plain">{texts.permissions[name]?.name ?? name}</Pill>
        </li>
      ))}
    </ul>
  );
}
