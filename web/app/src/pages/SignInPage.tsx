import { useEffect } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { cx } from "../ui/class-names.js";
import { Notice } from "../ui/Notice.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { AccountForm } from "./AccountForm.js";
import { JoinByCode } from "./JoinByCode.js";
import { PageFrame } from "./PageFrame.js";
import styles from "./SignInPage.module.css";
import { WelcomePicture } from "./WelcomePicture.js";

/** Where to go after signing in: a path of this site, or the start page. */
function safePath(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : "/";
}

export function SignInPage({ form }: { readonly form: "sign-in" | "register" }) {
  const messages = useMessages();
  const { user } = useSession();
  const navigate = useNavigate();
  const [query] = useSearchParams();
  const next = safePath(query.get("next"));
  const search = next === "/" ? "" : `?next=${encodeURIComponent(next)}`;
  usePageTitle(form === "register" ? `${messages.welcome.register} · ${messages.product}` : messages.product);

  useEffect(() => {
    if (user !== null) void navigate(next, { replace: true });
  }, [user, next, navigate]);

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
            {next.startsWith("/m/") && <Notice tone="info" title={messages.welcome.continueToMeeting[form]} />}
            <AccountForm key={form} form={form} />
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
