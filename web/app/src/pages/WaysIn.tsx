import type { IdentityProvider, SecondFactorRequired } from "@parley/sdk";
import { useEffect, useState } from "react";
import { Link, useNavigate } from "react-router";
import { useAccountOptions } from "../account/useAccountOptions.js";
import { Failure } from "../forms/Failure.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { cx } from "../ui/class-names.js";
import { Notice } from "../ui/Notice.js";
import { AccountForm } from "./AccountForm.js";
import { DirectoryForm } from "./DirectoryForm.js";
import { InitialPasswordForm } from "./InitialPasswordForm.js";
import { LinkQuestion } from "./LinkQuestion.js";
import { OtherWays } from "./OtherWays.js";
import { SecondFactorForm } from "./SecondFactorForm.js";
import styles from "./SignInPage.module.css";
import { usePasskeySignIn } from "./usePasskeySignIn.js";

/** What signing in has come to, and takes the whole card. */
type Step =
  | { readonly kind: "directory"; readonly provider: IdentityProvider }
  | { readonly kind: "initial-password"; readonly email: string; readonly password: string }
  | { readonly kind: "second-factor"; readonly required: SecondFactorRequired };

interface WaysInProps {
  readonly form: "sign-in" | "register";
  /** Where to go afterwards. */
  readonly next: string;
  /** Why a sign-in at a provider was refused, by its code, and the provider's id. */
  readonly error: string | null;
  readonly refusedBy: string | null;
  /** Whether a sign-in at a provider waits for a second factor. */
  readonly isPending: boolean;
}

/** By password, with a passkey or at a provider, with whatever else that takes; and on to `next` when it is done. */
export function WaysIn({ form, next, error, refusedBy, isPending }: WaysInProps) {
  const messages = useMessages();
  const { api, user } = useSession();
  const navigate = useNavigate();
  const [providers, setProviders] = useState<readonly IdentityProvider[]>([]);
  const [step, setStep] = useState<Step | null>(null);
  const [isExpired, setExpired] = useState(false);
  const { passkeys } = useAccountOptions();
  const passkey = usePasskeySignIn(passkeys && form === "sign-in" && step === null && user === null);
  // Whoever was refused because of an account they have, and has signed in to it now, has proven both.
  const toLink =
    error === "account_exists_link_required"
      ? providers.find(({ id, kind }) => id === refusedBy && kind === "oidc")
      : undefined;

  useEffect(() => {
    // Without them one can still sign in with a password.
    void api.listIdentityProviders().then(setProviders, () => undefined);
  }, [api]);
  useEffect(() => {
    if (!isPending) return;
    const waits = (required: SecondFactorRequired | null) => {
      if (required === null) setExpired(true);
      else setStep({ kind: "second-factor", required });
    };
    void api.pendingLogin().then(waits, () => {
      setExpired(true);
    });
  }, [api, isPending]);
  useEffect(() => {
    if (user !== null && toLink === undefined) void navigate(next, { replace: true });
  }, [user, toLink, next, navigate]);

  if (user !== null && toLink !== undefined) {
    return <LinkQuestion provider={toLink} next={next} onDone={() => void navigate(next, { replace: true })} />;
  }
  const goBack = () => {
    setStep(null);
  };
  const askSecondFactor = (required: SecondFactorRequired) => {
    setExpired(false);
    setStep({ kind: "second-factor", required });
  };
  if (step?.kind === "second-factor") {
    return (
      <SecondFactorForm
        step={step.required}
        onBack={goBack}
        onExpired={() => {
          setExpired(true);
          setStep(null);
        }}
      />
    );
  }
  if (step?.kind === "directory") {
    return <DirectoryForm provider={step.provider} onBack={goBack} onSecondFactor={askSecondFactor} />;
  }
  if (step?.kind === "initial-password") {
    const { email, password } = step;
    return (
      <InitialPasswordForm
        email={email}
        password={password}
        onReplaced={async (chosen) => {
          const answer = await api.login({ email, password: chosen });
          if ("status" in answer) askSecondFactor(answer);
        }}
        onBack={goBack}
      />
    );
  }
  return (
    <>
      <Tabs form={form} next={next} />
      {isExpired ? (
        <Notice tone="error" title={messages.account.secondFactor.expired} />
      ) : (
        error !== null && (
          <Notice tone="error" title={messages.problems[error] ?? messages.problems.provider_refused ?? ""} />
        )
      )}
      {next.startsWith("/m/") && <Notice tone="info" title={messages.welcome.continueToMeeting[form]} />}
      <Failure error={passkey.error} texts={{ factor_invalid: messages.account.passkeyUnknown }} />
      <AccountForm
        key={form}
        form={form}
        onInitialPassword={(email, password) => {
          setStep({ kind: "initial-password", email, password });
        }}
        onSecondFactor={askSecondFactor}
      />
      <OtherWays
        passkey={passkey.isPossible ? passkey : null}
        providers={providers}
        next={next}
        onDirectory={(provider) => {
          setStep({ kind: "directory", provider });
        }}
      />
    </>
  );
}

function Tabs({ form, next }: Pick<WaysInProps, "form" | "next">) {
  const { welcome } = useMessages();
  const search = next === "/" ? "" : `?next=${encodeURIComponent(next)}`;
  return (
    <nav className={styles.tabs} aria-label={welcome.signIn}>
      {(["sign-in", "register"] as const).map((target) => (
        <Link
          key={target}
          to={`/${target}${search}`}
          replace
          aria-current={form === target ? "page" : undefined}
          className={cx(styles.tab, form === target && styles.current)}
        >
          {target === "sign-in" ? welcome.signIn : welcome.register}
        </Link>
      ))}
    </nav>
  );
}
