import type { IdentityProvider } from "@parley/sdk";
import { useEffect, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { cx } from "../ui/class-names.js";
import { Notice } from "../ui/Notice.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { AccountForm } from "./AccountForm.js";
import { DirectoryForm } from "./DirectoryForm.js";
import { JoinByCode } from "./JoinByCode.js";
import { LinkQuestion } from "./LinkQuestion.js";
import { PageFrame } from "./PageFrame.js";
import { ProviderButtons } from "./ProviderButtons.js";
import styles from "./SignInPage.module.css";
import { WelcomePicture } from "./WelcomePicture.js";

/** Where to go after signing in: a path of this site, or the start page. */
function safePath(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : "/";
}

export function SignInPage({ form }: { readonly form: "sign-in" | "register" }) {
  const messages = useMessages();
  const [query] = useSearchParams();
  const next = safePath(query.get("next"));
  usePageTitle(form === "register" ? `${messages.welcome.register} · ${messages.product}` : messages.product);

  return (
    <PageFrame>
      <div className={styles.page}>
        <section className={styles.story}>
          <h1 className={styles.headline}>{messages.welcome.headline}</h1>
          <p className={styles.lead}>{messages.welcome.lead}</p>
          <WelcomePicture />
        </section>
        <div className={styles.forms}>
          <section className={styles.card}>
            <WaysIn form={form} next={next} error={query.get("error")} refusedBy={query.get("provider")} />
          </section>
          <section className={styles.guest}>
            <h2 className={styles.guestTitle}>{messages.welcome.guestTitle}</h2>
            <p className={styles.guestLead}>{messages.welcome.guestLead}</p>
            <JoinByCode />
          </section>
        </div>
      </div>
    </PageFrame>
  );
}

interface WaysInProps {
  readonly form: "sign-in" | "register";
  /** Where to go afterwards. */
  readonly next: string;
  /** Why a sign-in at a provider was refused, by its code, and the provider's id. */
  readonly error: string | null;
  readonly refusedBy: string | null;
}

/** By password or at a provider; and on to `next` when that is done. */
function WaysIn({ form, next, error, refusedBy }: WaysInProps) {
  const messages = useMessages();
  const { api, user } = useSession();
  const navigate = useNavigate();
  const [providers, setProviders] = useState<readonly IdentityProvider[]>([]);
  const [directory, setDirectory] = useState<IdentityProvider | null>(null);
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
    if (user !== null && toLink === undefined) void navigate(next, { replace: true });
  }, [user, toLink, next, navigate]);

  if (user !== null && toLink !== undefined) {
    return <LinkQuestion provider={toLink} next={next} onDone={() => void navigate(next, { replace: true })} />;
  }
  if (directory !== null) {
    return (
      <DirectoryForm
        provider={directory}
        onBack={() => {
          setDirectory(null);
        }}
      />
    );
  }
  const search = next === "/" ? "" : `?next=${encodeURIComponent(next)}`;
  return (
    <>
      <nav className={styles.tabs} aria-label={messages.welcome.signIn}>
        {(["sign-in", "register"] as const).map((target) => (
          <Link
            key={target}
            to={`/${target}${search}`}
            replace
            aria-current={form === target ? "page" : undefined}
            className={cx(styles.tab, form === target && styles.current)}
          >
            {target === "sign-in" ? messages.welcome.signIn : messages.welcome.register}
          </Link>
        ))}
      </nav>
      {error !== null && (
        <Notice tone="error" title={messages.problems[error] ?? messages.problems.provider_refused ?? ""} />
      )}
      {next.startsWith("/m/") && <Notice tone="info" title={messages.welcome.continueToMeeting[form]} />}
      <AccountForm key={form} form={form} />
      {providers.length > 0 && <ProviderButtons providers={providers} next={next} onDirectory={setDirectory} />}
    </>
  );
}
