import { useState, type ReactNode } from "react";
import { useNavigate } from "react-router";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { LinkButton } from "../ui/LinkButton.js";
import { Spinner } from "../ui/Spinner.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { ACTIONS, PLACES, type MailAction, type Place } from "./mail-actions.js";
import { MailLinkForm } from "./MailLinkForm.js";
import styles from "./MailLinkPage.module.css";
import { PageFrame } from "./PageFrame.js";
import { keepMailLink, useMailLink } from "./useMailLink.js";
import { useSaid } from "./useSaid.js";

/** Where a mail's link leads: one thing to say or to enter, and done. */
export function MailLinkPage({ action }: { readonly action: MailAction }) {
  const messages = useMessages();
  const link = useMailLink();
  usePageTitle(`${messages.mailLinks[action].title} · ${messages.product}`);
  return (
    <PageFrame>
      <section className={styles.card}>
        <Step key={link.get("token")} action={action} link={link} />
      </section>
    </PageFrame>
  );
}

type State =
  | { readonly kind: "asking" }
  /** `value`: what was entered. */
  | { readonly kind: "done"; readonly value: string }
  /** `why`: the link is good for nothing any more, or its address has got an account by another one. */
  | { readonly kind: "invalid"; readonly why: "link_invalid" | "email_taken" };

function Step({ action, link }: { readonly action: MailAction; readonly link: URLSearchParams }) {
  const messages = useMessages();
  const texts = messages.mailLinks;
  const { user, status } = useSession();
  const navigate = useNavigate();
  const [state, setState] = useState<State>({ kind: "asking" });
  const { isLink, done, invalid } = ACTIONS[action];
  const needsSession = action === "confirm-email";

  if (state.kind === "done") {
    const { title, text } = texts[action].done;
    return <Outcome title={title} text={text(needsSession ? (user?.email ?? "") : state.value)} places={[done]} isNews />;
  }
  if (state.kind === "invalid") {
    if (state.why === "link_invalid") {
      const places = user !== null && action === "confirm-registration" ? (["home"] as const) : invalid;
      return <Outcome title={texts.invalid} text={texts[action].invalid} places={places} isNews />;
    }
    return <Outcome title={messages.account.address.taken} text="" places={invalid} isNews />;
  }
  if (isLink && !link.has("token")) {
    return <Outcome title={texts.noToken.title} text={texts.noToken.text} places={invalid} />;
  }
  if (needsSession && status === "unknown") return <Spinner label={messages.common.loading} />;
  if (needsSession && user === null) {
    return (
      <Outcome title={texts.signInFirst.title} text={texts.signInFirst.text} places={[]}>
        <Button
          variant="primary"
          size="large"
          fullWidth
          onPress={() => {
            keepMailLink(link);
            void navigate(`/sign-in?next=/${action}`);
          }}
        >
          {texts.to.signIn}
        </Button>
      </Outcome>
    );
  }
  return (
    <MailLinkForm
      action={action}
      token={link.get("token") ?? ""}
      onDone={(value) => {
        if (action === "confirm-registration") void navigate(PLACES[done], { replace: true });
        else setState({ kind: "done", value });
      }}
      onInvalid={(why) => {
        setState({ kind: "invalid", why });
      }}
    />
  );
}

interface OutcomeProps {
  readonly title: string;
  readonly text: string;
  /** Where one can go from here, the most likely first. */
  readonly places: readonly Place[];
  /** Whether it has just taken the place of something, and is to be read out. */
  readonly isNews?: boolean;
  readonly children?: ReactNode;
}

function Outcome({ title, text, places, isNews = false, children }: OutcomeProps) {
  const { to } = useMessages().mailLinks;
  const heading = useSaid(isNews);
  return (
    <>
      <h1 ref={heading} tabIndex={-1} className={styles.title}>
        {title}
      </h1>
      {text !== "" && <p className={styles.lead}>{text}</p>}
      {children}
      {places.map((place, at) => (
        <LinkButton key={place} to={PLACES[place]} variant={at === 0 ? "primary" : "secondary"} size="large" fullWidth>
          {to[place]}
        </LinkButton>
      ))}
    </>
  );
}
