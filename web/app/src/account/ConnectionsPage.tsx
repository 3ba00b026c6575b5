import type { Identities, Identity, IdentityProvider } from "@parley/sdk";
import { Building2, KeyRound } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { useLocale } from "react-aria-components";
import { useSearchParams } from "react-router";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { dayAndTime } from "../messages/time.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { ConfirmDialog } from "../ui/Dialog.js";
import { Notice } from "../ui/Notice.js";
import { Spinner } from "../ui/Spinner.js";
import { showToast } from "../ui/toasts.js";
import { AccountSection } from "./AccountSection.js";
import { DirectoryDialog } from "./DirectoryDialog.js";
import styles from "./List.module.css";
import { LoadFailure } from "../loading/LoadFailure.js";
import { sectionPath } from "./sections.js";
import { useStepUp } from "../factors/step-up/step-up.js";
import { IconTile } from "../ui/IconTile.js";
import { useLoaded } from "../loading/useLoaded.js";

interface Connections extends Identities {
  readonly providers: readonly IdentityProvider[];
  readonly at: number;
}

/** What else somebody signs in with. */
export function ConnectionsPage() {
  const { api } = useSession();
  const loaded = useLoaded(
    useCallback(async (): Promise<Connections> => {
      const [identities, providers] = await Promise.all([api.account.listIdentities(), api.listIdentityProviders()]);
      return { ...identities, providers, at: Date.now() };
    }, [api]),
  );
  return (
    <AccountSection id="connections">
      <LoadFailure of={loaded} />
      {loaded.value === null && loaded.error === null && <Spinner />}
      {loaded.value !== null && <Lists connections={loaded.value} onChanged={loaded.reload} />}
    </AccountSection>
  );
}

function Lists({ connections, onChanged }: { readonly connections: Connections; readonly onChanged: () => void }) {
  const messages = useMessages();
  const texts = messages.account.connections;
  const { api } = useSession();
  const guard = useStepUp();
  const { items, providers, at } = connections;
  const [unlinking, setUnlinking] = useState<Identity | null>(null);
  const [directory, setDirectory] = useState<IdentityProvider | null>(null);
  const { isPending, error, run } = useAttempt();
  const heading = useRef<HTMLHeadingElement>(null);
  const nameOf = (id: string) => providers.find((provider) => provider.id === id)?.name ?? id;
  const refused = useReturned(nameOf);
  const others = providers.filter(({ id }) => !items.some(({ provider }) => provider === id));

  const link = (provider: IdentityProvider) => {
    if (provider.kind === "ldap") {
      setDirectory(provider);
      return;
    }
    const back = `${sectionPath("connections")}?linked=${encodeURIComponent(provider.id)}`;
    void run(() =>
      guard(async () => {
        window.location.assign(await api.account.linkIdentity(provider.id, back));
      }),
    );
  };
  const unlink = (identity: Identity) =>
    run(async () => {
      if ((await guard(() => api.account.unlinkIdentity(identity.id))) === null) return;
      showToast({ tone: "info", title: texts.unlinked(nameOf(identity.provider)) });
      onChanged();
      // The button that was pressed goes with its row.
      heading.current?.focus();
    });

  return (
    <>
      {refused !== null && <Notice tone="error" title={refused} />}
      <Failure error={error} />
      <h2 ref={heading} className={styles.heading} tabIndex={-1}>
        {texts.linked}
      </h2>
      {items.length === 0 ? (
        <p className={styles.empty}>{providers.length === 0 ? texts.unavailable : texts.none}</p>
      ) : (
        <ul className={styles.list}>
          {items.map((identity) => (
            <LinkedRow
              key={identity.id}
              identity={identity}
              provider={providers.find(({ id }) => id === identity.provider)}
              now={at}
              onUnlink={() => {
                setUnlinking(identity);
              }}
            />
          ))}
        </ul>
      )}
      {others.length > 0 && (
        <>
          <h2 className={styles.heading}>{texts.available}</h2>
          <ul className={styles.list}>
            {others.map((provider) => (
              <li key={provider.id} className={styles.row}>
                <ProviderIcon provider={provider} />
                <p className={styles.what}>
                  <span className={styles.name}>{provider.name}</span>
                </p>
                <Button
                  aria-label={texts.linkOf(provider.name)}
                  isDisabled={isPending}
                  onPress={() => {
                    link(provider);
                  }}
                >
                  {texts.link}
                </Button>
              </li>
            ))}
          </ul>
        </>
      )}
      <ConfirmDialog
        title={texts.unlinkTitle(nameOf(unlinking?.provider ?? ""))}
        text={texts.unlinkText(nameOf(unlinking?.provider ?? ""))}
        action={texts.unlink}
        isOpen={unlinking !== null}
        onClose={() => {
          setUnlinking(null);
        }}
        onConfirm={() => {
          if (unlinking !== null) void unlink(unlinking);
        }}
      />
      {directory !== null && (
        <DirectoryDialog
          provider={directory}
          onClose={() => {
            setDirectory(null);
          }}
          onLinked={() => {
            showToast({ tone: "info", title: texts.linkedNow(directory.name) });
            setDirectory(null);
            onChanged();
          }}
        />
      )}
    </>
  );
}

interface LinkedRowProps {
  readonly identity: Identity;
  /** Undefined: it is in the settings no more. */
  readonly provider: IdentityProvider | undefined;
  readonly now: number;
  readonly onUnlink: () => void;
}

function LinkedRow({ identity, provider, now, onUnlink }: LinkedRowProps) {
  const texts = useMessages().account.connections;
  const { locale } = useLocale();
  const name = provider?.name ?? identity.provider;
  return (
    <li className={styles.row}>
      <ProviderIcon provider={provider} />
      <div className={styles.what}>
        <p className={styles.name}>{name}</p>
        <p className={styles.details}>
          {identity.email !== null && <span>{identity.email}</span>}
          <span>{texts.linkedOn(dayAndTime(Date.parse(identity.linkedAt), now, locale))}</span>
          {provider === undefined && <span>{texts.gone}</span>}
        </p>
      </div>
      <Button aria-label={texts.unlinkOf(name)} onPress={onUnlink}>
        {texts.unlink}
      </Button>
    </li>
  );
}

function ProviderIcon({ provider }: { readonly provider: IdentityProvider | undefined }) {
  return (
    <IconTile>
      {provider?.kind === "ldap" ? <Building2 /> : <KeyRound />}
    </IconTile>
  );
}

/** What a provider has sent the browser back with: told once, and out of the address then. Returned is why it was refused. */
function useReturned(nameOf: (id: string) => string): string | null {
  const messages = useMessages();
  const [query, setQuery] = useSearchParams();
  const [code] = useState(() => query.get("error"));
  const [linked] = useState(() => query.get("linked"));
  useEffect(() => {
    if (linked === null) return;
    setQuery({}, { replace: true });
    if (code === null) showToast({ tone: "info", title: messages.account.connections.linkedNow(nameOf(linked)) });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- told once, whatever changes afterwards
  }, []);
  if (code === null) return null;
  if (code === "conflict") return messages.account.connections.tooMany;
  return messages.problems[code] ?? messages.problems.provider_refused ?? code;
}
