import type { ApiKey, ServiceAccount } from "@parley/sdk";
import { KeyRound, Plus } from "lucide-react";
import { useCallback, useRef, useState } from "react";
import { useLocale } from "react-aria-components";
import { Card } from "../../ui/Card.js";
import styles from "../../account/List.module.css";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useLoaded } from "../../loading/useLoaded.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { cx } from "../../ui/class-names.js";
import { Spinner } from "../../ui/Spinner.js";
import { showToast } from "../../ui/toasts.js";
import { ActionDialog } from "../ActionDialog.js";
import { moment } from "../dates.js";
import { Pill } from "../Pill.js";
import { useAdminMessages } from "../useAdminMessages.js";
import { NewKeyDialog } from "./NewKeyDialog.js";
import serviceStyles from "./Services.module.css";
import { IconTile } from "../../ui/IconTile.js";
import { Permissions } from "./ServicesPage.js";

const TONES = { usable: "good", expired: "plain", revoked: "bad" } as const;

interface KeysCardProps {
  readonly account: ServiceAccount;
  readonly mayChange: boolean;
}

/** The keys that a program comes in with: made, shown once, revoked. */
export function KeysCard({ account, mayChange }: KeysCardProps) {
  const words = useAdminMessages().services;
  const { api } = useSession();
  const keys = useLoaded(
    useCallback(async () => ({ items: await api.administration.listApiKeys(account.id), at: Date.now() }), [api, account.id]),
  );
  const [isAdding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const list = useRef<HTMLUListElement>(null);
  return (
    <Card
      title={words.keys}
      lead={words.keysLead}
      action={
        mayChange && (
          <Button
            icon={<Plus aria-hidden />}
            onPress={() => {
              setAdding(true);
            }}
          >
            {words.addKey}
          </Button>
        )
      }
    >
      <LoadFailure of={keys} />
      {keys.value === null && keys.error === null && <Spinner />}
      {keys.value?.items.length === 0 && <p className={styles.note}>{words.noKeys}</p>}
      {keys.value !== null && keys.value.items.length > 0 && (
        <ul ref={list} tabIndex={-1} className={styles.list} aria-label={words.keys}>
          {keys.value.items.map((key) => (
            <Row key={key.id} apiKey={key} account={account} at={keys.value?.at ?? 0} onRevoke={mayChange ? setRevoking : null} />
          ))}
        </ul>
      )}
      <NewKeyDialog
        account={account}
        isOpen={isAdding}
        onClose={() => {
          setAdding(false);
        }}
        onCreated={keys.reload}
      />
      <ActionDialog
        title={words.revokeTitle(revoking?.id ?? "")}
        effects={words.revokeEffects}
        action={words.revokeAction}
        isOpen={revoking !== null}
        onClose={() => {
          setRevoking(null);
        }}
        onConfirm={async () => {
          if (revoking === null) return;
          await api.administration.revokeApiKey(account.id, revoking.id);
          keys.reload();
          showToast({ tone: "info", title: words.revoked(revoking.id) });
          // The button that was pressed goes.
          list.current?.focus();
        }}
      />
    </Card>
  );
}

interface RowProps {
  readonly apiKey: ApiKey;
  readonly account: ServiceAccount;
  /** When the list was fetched, milliseconds since the epoch. */
  readonly at: number;
  readonly onRevoke: ((key: ApiKey) => void) | null;
}

function Row({ apiKey, account, at, onRevoke }: RowProps) {
  const words = useAdminMessages().services;
  const { locale } = useLocale();
  const time = (text: string) => moment(text, locale);
  const isExpired = apiKey.expiresAt !== null && Date.parse(apiKey.expiresAt) <= at;
  const state = apiKey.revokedAt !== null ? "revoked" : isExpired ? "expired" : "usable";
  return (
    <li className={cx(styles.row, serviceStyles.key)}>
      <IconTile>
        <KeyRound />
      </IconTile>
      <div className={styles.what}>
        <p className={styles.name}>
          <span>{words.keyName(apiKey.id)}</span>
          <Pill tone={TONES[state]}>{words.keyStates[state]}</Pill>
        </p>
        <p className={styles.details}>
          <span>{words.created(time(apiKey.createdAt))}</span>
          <span>{apiKey.lastUsedAt === null ? words.neverUsed : words.lastUsed(time(apiKey.lastUsedAt))}</span>
          {apiKey.revokedAt === null ? (
            <span>{apiKey.expiresAt === null ? words.neverExpires : words.expires(time(apiKey.expiresAt))}</span>
          ) : (
            <span>{words.revokedOn(time(apiKey.revokedAt))}</span>
          )}
        </p>
        {apiKey.permissions.length < account.permissions.length && <Permissions names={apiKey.permissions} />}
      </div>
      {state === "usable" && onRevoke !== null && (
        <Button
          aria-label={words.revokeOf(apiKey.id)}
          onPress={() => {
            onRevoke(apiKey);
          }}
        >
          {words.revoke}
        </Button>
      )}
    </li>
  );
}
