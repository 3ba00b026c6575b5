import { useSearchParams } from "react-router";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Notice } from "../ui/Notice.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { JoinByCode } from "./JoinByCode.js";
import { PageFrame } from "./PageFrame.js";
import { safePath } from "./safe-path.js";
import styles from "./SignInPage.module.css";
import { WaysIn } from "./WaysIn.js";
import { WelcomePicture } from "./WelcomePicture.js";

export function SignInPage({ form }: { readonly form: "sign-in" | "register" }) {
  const messages = useMessages();
  const [query] = useSearchParams();
  const next = safePath(query.get("next"));
  const { signedOut } = useSession();
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
          {signedOut !== null && (
            <Notice tone={signedOut === "account_suspended" ? "warning" : "info"} title={messages.welcome.signedOut[signedOut].title}>
              {messages.welcome.signedOut[signedOut].text}
            </Notice>
          )}
          <section className={styles.card}>
            <WaysIn
              form={form}
              next={next}
              error={query.get("error")}
              refusedBy={query.get("provider")}
              isPending={query.has("second_factor")}
            />
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
