import type { Factors, Identities, User } from "@parley/sdk";
import { useCallback, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { RecoveryCodesDialog } from "../factors/RecoveryCodesDialog.js";
import { useMessages } from "../messages/catalogue.js";
import { safePath } from "../pages/safe-path.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Notice } from "../ui/Notice.js";
import { Spinner } from "../ui/Spinner.js";
import { useAccountUser } from "./AccountPage.js";
import { AccountSection } from "./AccountSection.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { PasskeysCard } from "./PasskeysCard.js";
import { PasswordCard } from "./PasswordCard.js";
import { RecoveryCard } from "./RecoveryCard.js";
import { TotpCard } from "./TotpCard.js";
import { useLoaded } from "../loading/useLoaded.js";

interface Proofs {
  readonly identities: Identities;
  readonly factors: Factors;
  readonly at: number;
}

/** How somebody proves that it is them. */
export function SecurityPage() {
  const { api } = useSession();
  const user = useAccountUser();
  const loaded = useLoaded(
    useCallback(async (): Promise<Proofs> => {
      const [identities, factors] = await Promise.all([api.account.listIdentities(), api.factors.list()]);
      return { identities, factors, at: Date.now() };
    }, [api]),
  );
  return (
    <AccountSection id="security">
      <EnrolNotice user={user} />
      <LoadFailure of={loaded} />
      {loaded.value === null && loaded.error === null && <Spinner />}
      {loaded.value !== null && <Cards user={user} proofs={loaded.value} onChanged={loaded.reload} />}
    </AccountSection>
  );
}

interface CardsProps {
  readonly user: User;
  readonly proofs: Proofs;
  readonly onChanged: () => void;
}

function Cards({ user, proofs, onChanged }: CardsProps) {
  const { api } = useSession();
  const { identities, factors, at } = proofs;
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const changed = (recoveryCodes: readonly string[] | null) => {
    setCodes(recoveryCodes);
    onChanged();
    // Who had to set something up may do everything from now on, with new tokens.
    if (user.secondFactorRequired) void api.restore().catch(() => undefined);
  };
  const hasFactor = factors.totp !== null || factors.passkeys.length > 0;
  return (
    <>
      <PasswordCard user={user} hasPassword={identities.hasPassword} onChanged={onChanged} />
      <PasskeysCard passkeys={factors.passkeys} now={at} onChanged={changed} />
      <TotpCard totp={factors.totp} now={at} onChanged={changed} />
      {hasFactor && <RecoveryCard left={factors.recoveryCodesLeft} onRenewed={changed} />}
      <RecoveryCodesDialog
        user={user}
        codes={codes}
        onKept={() => {
          setCodes(null);
        }}
      />
    </>
  );
}

/** Tells who was sent here why, and lets them on when it is done. */
function EnrolNotice({ user }: { readonly user: User }) {
  const texts = useMessages().account.enrol;
  const navigate = useNavigate();
  const [query] = useSearchParams();
  const [wasRequired] = useState(user.secondFactorRequired);
  if (user.secondFactorRequired) {
    return (
      <Notice tone="warning" title={texts.title}>
        {texts.text}
      </Notice>
    );
  }
  if (!wasRequired) return null;
  return (
    <Notice
      tone="info"
      title={texts.done}
      action={
        <Button variant="primary" onPress={() => void navigate(safePath(query.get("next")))}>
          {texts.onward}
        </Button>
      }
    >
      {texts.doneText}
    </Notice>
  );
}
