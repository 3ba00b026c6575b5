import type { IdentityProvider } from "@parley/sdk";
import { Building2, KeyRound } from "lucide-react";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import styles from "./ProviderButtons.module.css";

interface ProviderButtonsProps {
  readonly providers: readonly IdentityProvider[];
  /** Where a browser that is sent away comes back to. */
  readonly next: string;
  /** Somebody wants to give name and password of a directory. */
  readonly onDirectory: (provider: IdentityProvider) => void;
}

/** The other ways in, one button for each. */
export function ProviderButtons({ providers, next, onDirectory }: ProviderButtonsProps) {
  const messages = useMessages();
  const { api } = useSession();
  return (
    <>
      <p className={styles.or} aria-hidden>
        {messages.welcome.providers.or}
      </p>
      <ul className={styles.list}>
        {providers.map((provider) => (
          <li key={provider.id}>
            <Button
              size="large"
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
