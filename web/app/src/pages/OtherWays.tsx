import type { IdentityProvider } from "@parley/sdk";
import { Building2, Fingerprint, KeyRound } from "lucide-react";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import styles from "./OtherWays.module.css";

interface OtherWaysProps {
  /** Null: there are no passkeys here. */
  readonly passkey: { readonly isPending: boolean; readonly start: () => Promise<void> } | null;
  readonly providers: readonly IdentityProvider[];
  /** Where a browser that is sent away comes back to. */
  readonly next: string;
  /** Somebody wants to give name and password of a directory. */
  readonly onDirectory: (provider: IdentityProvider) => void;
}

/** The other ways in, one button for each. */
export function OtherWays({ passkey, providers, next, onDirectory }: OtherWaysProps) {
  const messages = useMessages();
  const { api } = useSession();
  if (passkey === null && providers.length === 0) return null;
  return (
    <>
      <p className={styles.or} aria-hidden>
        {messages.welcome.providers.or}
      </p>
      <ul className={styles.list}>
        {passkey !== null && (
          <li>
            <Button
              fullWidth
              icon={<Fingerprint aria-hidden />}
              isPending={passkey.isPending}
              onPress={() => void passkey.start()}
            >
              {messages.account.passkeySignIn}
            </Button>
          </li>
        )}
        {providers.map((provider) => (
          <li key={provider.id}>
            <Button
              fullWidth
              icon={provider.kind === "oidc" ? <KeyRound aria-hidden /> : <Building2 aria-hidden />}
              onPress={() => {
                if (provider.kind === "ldap") onDirectory(provider);
                else window.location.assign(api.providerLoginAddress(provider.id, next));
              }}
            >
              {messages.welcome.providers.continueWith(provider.name)}
            </Button>
          </li>
        ))}
      </ul>
    </>
  );
}
