import { asParleyError, passkeysSupported } from "@parley/sdk";
import { Fingerprint } from "lucide-react";
import { useState } from "react";
import { Form } from "react-aria-components";
import { Failure } from "../forms/Failure.js";
import formStyles from "../forms/Form.module.css";
import { PasswordField } from "../forms/PasswordField.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { Button } from "../ui/Button.js";
import { Field } from "../ui/Field.js";
import { Notice } from "../ui/Notice.js";
import { cleanCode, usableHere, type Proof, type ProofMethod } from "./proof.js";

interface ProofFormProps {
  /** What the account has, the best liked first. At least one. */
  readonly methods: readonly ProofMethod[];
  readonly lead: string;
  /** What the button says under a field. */
  readonly action: string;
  /** Sends it. What it rejects with is told here. */
  readonly onProof: (proof: Proof) => Promise<unknown>;
}

/** Takes a passkey, a code or the password, whichever of them somebody has at hand. */
export function ProofForm({ methods, lead, action, onProof }: ProofFormProps) {
  const texts = useMessages().account.proof;
  const usable = usableHere(methods, passkeysSupported());
  const [chosen, setChosen] = useState<ProofMethod | undefined>(usable[0]);
  if (chosen === undefined) return null;
  return (
    <div className={formStyles.form}>
      <p className={formStyles.note}>{lead}</p>
      {chosen === "passkey" ? (
        <PasskeyProof onProof={onProof} />
      ) : (
        <TypedProof key={chosen} method={chosen} action={action} onProof={onProof} />
      )}
      {usable.length > 1 && (
        <div className={formStyles.others}>
          {usable
            .filter((method) => method !== chosen)
            .map((method) => (
              <Button
                key={method}
                variant="quiet"
                fullWidth
                onPress={() => {
                  setChosen(method);
                }}
              >
                {texts.instead[method]}
              </Button>
            ))}
        </div>
      )}
    </div>
  );
}

function PasskeyProof({ onProof }: Pick<ProofFormProps, "onProof">) {
  const texts = useMessages().account.proof;
  const { isPending, error, run } = useAttempt();
  return (
    <>
      {error?.code === "passkey_cancelled" ? (
        <Notice tone="info" title={texts.passkeyCancelled} />
      ) : (
        <Failure error={error} texts={{ factor_invalid: texts.passkeyWrong }} />
      )}
      <Button
        variant="primary"
        size="large"
        fullWidth
        autoFocus
        icon={<Fingerprint aria-hidden />}
        isPending={isPending}
        onPress={() => void run(() => onProof({ method: "passkey" }))}
      >
        {texts.usePasskey}
      </Button>
    </>
  );
}

interface TypedProofProps extends Pick<ProofFormProps, "action" | "onProof"> {
  readonly method: Exclude<ProofMethod, "passkey">;
}

/** A proof that is typed: a code or the password. */
function TypedProof({ method, action, onProof }: TypedProofProps) {
  const messages = useMessages();
  const texts = messages.account.proof;
  const [value, setValue] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const { isPending, error, run } = useAttempt();

  const submit = async () => {
    const proof: Proof =
      method === "password" ? { method, password: value } : { method, code: cleanCode(method, value) };
    const isEmpty = proof.method === "password" ? proof.password === "" : proof.code === "";
    setProblem(isEmpty ? texts.missing[method] : undefined);
    if (isEmpty) return;
    await run(async () => {
      try {
        await onProof(proof);
      } catch (thrown) {
        const { code } = asParleyError(thrown);
        if (code !== "factor_invalid" && code !== "invalid_credentials") throw thrown;
        setProblem(texts.wrong[method]);
      }
    });
  };
  const common = {
    name: method,
    label: texts.label[method],
    value,
    onChange: setValue,
    error: problem,
    autoFocus: true,
  };
  return (
    <Form
      className={formStyles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Failure error={error} />
      {method === "password" ? (
        <PasswordField {...common} kind="current" />
      ) : (
        <Field
          {...common}
          hint={texts.hint[method]}
          autoComplete={method === "totp" ? "one-time-code" : "off"}
          inputMode={method === "totp" ? "numeric" : "text"}
          spellCheck="false"
          maxLength={method === "totp" ? 12 : 64}
          placeholder={method === "totp" ? "123 456" : "xxxx-xxxx-xxxx-xxxx"}
        />
      )}
      <Button type="submit" variant="primary" size="large" fullWidth isPending={isPending}>
        {action}
      </Button>
    </Form>
  );
}
