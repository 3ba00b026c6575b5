import type { ManagedUser } from "@parley/sdk";
import { useLocale } from "react-aria-components";
import { Link } from "react-router";
import { Card } from "../../ui/Card.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { useAdministrator } from "../AdminPage.js";
import { day, moment } from "../dates.js";
import { Facts } from "../Facts.js";
import { useAdminMessages } from "../useAdminMessages.js";
import styles from "./UserPage.module.css";

/** What there is to know of an account. */
export function FactsCard({ user }: { readonly user: ManagedUser }) {
  const texts = useAdminMessages().user;
  const { locale } = useLocale();
  const { permissions } = useAdministrator();
  const ways = [...(user.hasPassword ? [texts.password] : []), ...user.providers];
  return (
    <Card title={texts.facts}>
      <Facts
        of={[
          [
            texts.id,
            <>
              <code>{user.id}</code>
              <CopyButton text={user.id} label={texts.copyId} variant="icon" />
            </>,
          ],
          [texts.created, moment(user.createdAt, locale)],
          [texts.lastUsed, user.lastUsedAt === null ? texts.neverUsed : day(user.lastUsedAt, locale)],
          [texts.suspendedAt, user.suspendedAt === null ? null : moment(user.suspendedAt, locale)],
          [texts.signsIn, ways.length === 0 ? texts.noWayIn : ways.join(", ")],
          [texts.factors, user.factors.map((factor) => texts.factorNames[factor] ?? factor).join(", ") || texts.noFactors],
        ]}
      />
      {permissions.includes("audit:read") && (
        <p className={styles.links}>
          <Link to={`/admin/audit?user=${encodeURIComponent(user.id)}`}>{texts.logAbout}</Link>
          <Link to={`/admin/audit?user=${encodeURIComponent(user.id)}&part=by`}>{texts.logBy}</Link>
        </p>
      )}
    </Card>
  );
}
