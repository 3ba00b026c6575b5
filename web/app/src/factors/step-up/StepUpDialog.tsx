import { useMessages } from "../../messages/catalogue.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Dialog } from "../../ui/Dialog.js";
import formStyles from "../../forms/Form.module.css";
import { isProofMethod } from "../proof.js";
import { ProofForm } from "../ProofForm.js";

interface StepUpDialogProps {
  /** What the account can prove itself with. */
  readonly methods: readonly string[];
  /** False: closed without an answer. */
  readonly onAnswer: (isProven: boolean) => void;
}

/** Has somebody show that they are who is signed in. */
export function StepUpDialog({ methods, onAnswer }: StepUpDialogProps) {
  const { stepUp } = useMessages().account;
  const { api } = useSession();
  const usable = methods.filter(isProofMethod);
  return (
    <Dialog
      title={stepUp.title}
      isOpen
      onClose={() => {
        onAnswer(false);
      }}
    >
      {usable.length === 0 ? (
        <SignInAgain onAnswer={onAnswer} />
      ) : (
        <ProofForm
          methods={usable}
          lead={stepUp.lead}
          action={stepUp.action}
          onProof={async (proof) => {
            await (proof.method === "passkey"
              ? api.stepUpWithPasskey()
              : api.stepUp(proof.method === "password" ? { password: proof.password } : proof));
            onAnswer(true);
          }}
        />
      )}
    </Dialog>
  );
}

/** For accounts that are signed in to elsewhere alone. */
function SignInAgain({ onAnswer }: Pick<StepUpDialogProps, "onAnswer">) {
  const { stepUp } = useMessages().account;
  const { api } = useSession();
  return (
    <div className={formStyles.form}>
      <p className={formStyles.note}>{stepUp.again}</p>
      <Button
        variant="primary"
        fullWidth
        onPress={() => {
          onAnswer(false);
          // Without a connection the page forgets the session all the same; the sign-in page leads back here.
          void api.logout().catch(() => undefined);
        }}
      >
        {stepUp.signOut}
      </Button>
    </div>
  );
}
