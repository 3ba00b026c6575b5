import type { IdentityProvider } from "@parley/sdk";
import { useState } from "react";
import { problemText, useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { Notice } from "../ui/Notice.js";
import styles from "./AccountForm.module.css";

interface LinkQuestionProps {
  readonly provider: IdentityProvider;
  /** Where the browser comes back to when both are linked. */
  readonly next: string;
  readonly onDone: () => void;
}

/** Asks somebody who has just signed in whether to link the identity that was refused before. Never done unasked. */
export function LinkQuestion({ provider, next, onDone }: LinkQuestionProps) {
  const messages = useMessages();
  const { api } = useSession();
  const [failure, setFailure] = useState<string | null>(null);
  const [isPending, setPending] = useState(false);
  const texts = messages.welcome.providers;

  const link = async () => {
    setPending(true);
    try {
      window.location.assign(await api.linkIdentity(provider.id, next));
    } catch (thrown) {
      setPending(false);
      setFailure(problemText(messages, thrown));
    }
  };

  return (
    <div className={styles.form}>
      <h2 className={styles.title}>{texts.linkQuestion(provider.name)}</h2>
      {failure !== null && <Notice tone="error" title={failure} />}
      <p>{texts.linkText(provider.name)}</p>
      <Button variant="primary" size="large" fullWidth isPending={isPending} onPress={() => void link()}>
        {texts.link}
      </Button>
      <Button variant="quiet" fullWidth onPress={onDone}>
        {texts.notNow}
      </Button>
    </div>
  );
}
