import { asParleyError, type SecondFactorRequired } from "@parley/sdk";
import { isProofMethod } from "../factors/proof.js";
import { ProofForm } from "../factors/ProofForm.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import styles from "./AccountForm.module.css";

interface SecondFactorFormProps {
  readonly step: SecondFactorRequired;
  readonly onBack: () => void;
  /** The login cannot be finished any more. */
  readonly onExpired: () => void;
}

/** Finishes a login whose password was right, with a second factor. */
export function SecondFactorForm({ step, onBack, onExpired }: SecondFactorFormProps) {
  const texts = useMessages().account.secondFactor;
  const { api } = useSession();
  return (
    <section className={styles.form} aria-label={texts.title}>
      <h2 className={styles.title}>{texts.title}</h2>
      <ProofForm
        methods={step.methods.filter(isProofMethod)}
        lead={texts.lead}
        action={texts.action}
        onProof={async (proof) => {
          if (proof.method === "password") return; // was given already, and is in no login's methods
          try {
            await (proof.method === "passkey" ? api.finishLoginWithPasskey(step) : api.finishLogin(step, proof));
          } catch (thrown) {
            if (asParleyError(thrown).code !== "login_attempt_invalid") throw thrown;
            onExpired();
          }
        }}
      />
      <Button variant="quiet" fullWidth onPress={onBack}>
        {texts.cancel}
      </Button>
    </section>
  );
}
