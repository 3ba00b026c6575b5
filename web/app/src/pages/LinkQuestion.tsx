import type { IdentityProvider } from "@parley/sdk";
import { useStepUp } from "../factors/step-up/step-up.js";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
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
  const guard = useStepUp();
  const { isPending, error, run } = useAttempt();
  const texts = messages.welcome.providers;

  const link = () =>
    run(() =>
      guard(async () => {
        window.location.assign(await api.account.linkIdentity(provider.id, next));
      }),
    );

  return (
    <div className={styles.form}>
      <h2 className={styles.title}>{texts.linkQuestion(provider.name)}</h2>
      <Failure error={error} />
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
