import { asParleyError } from "@parley/sdk";
import { QRCodeSVG } from "qrcode.react";
import { useState } from "react";
import { Form } from "react-aria-components";
import { Failure } from "../forms/Failure.js";
import formStyles from "../forms/Form.module.css";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { CopyButton } from "../ui/CopyButton.js";
import { Field } from "../ui/Field.js";
import { cleanCode } from "./proof.js";
import { useStepUp } from "./step-up/step-up.js";
import styles from "./TotpEnrolment.module.css";

export interface TotpSecret {
  /** Base32. */
  readonly secret: string;
  readonly otpauthUri: string;
}

interface TotpEnrolmentProps {
  readonly begun: TotpSecret;
  readonly onClose: () => void;
  /** With recovery codes, if there are new ones. */
  readonly onDone: (recoveryCodes: readonly string[] | null) => void;
}

/** Gives an authenticator app its secret, and takes its first code. */
export function TotpEnrolment({ begun, onClose, onDone }: TotpEnrolmentProps) {
  const messages = useMessages();
  const texts = messages.account.totp;
  const { proof } = messages.account;
  const { api } = useSession();
  const guard = useStepUp();
  const [code, setCode] = useState("");
  const [problem, setProblem] = useState<string | undefined>();
  const { isPending, error, run } = useAttempt();

  const submit = async () => {
    const digits = cleanCode("totp", code);
    setProblem(digits === "" ? proof.missing.totp : undefined);
    if (digits === "") return;
    await run(async () => {
      try {
        const done = await guard(() => api.factors.confirmTotp(digits));
        if (done !== null) onDone(done.value);
      } catch (thrown) {
        if (asParleyError(thrown).code !== "factor_invalid") throw thrown;
        setProblem(proof.wrong.totp);
      }
    });
  };

  return (
    <div className={styles.steps}>
      <figure className={styles.code}>
        <QRCodeSVG value={begun.otpauthUri} size={176} marginSize={2} title={texts.qr} bgColor="#ffffff" fgColor="#0f1b20" />
      </figure>
      <div className={styles.words}>
        <p>{texts.scan}</p>
        <div className={styles.secret}>
          <p className={styles.label}>{texts.secret}</p>
          <div className={styles.line}>
            <code className={styles.key}>{inGroups(begun.secret)}</code>
            <CopyButton text={begun.secret} label={texts.copySecret} variant="icon" />
          </div>
        </div>
        <a href={begun.otpauthUri} className={styles.link}>
          {texts.openApp}
        </a>
        <Form
          className={formStyles.form}
          aria-label={texts.setUpTitle}
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <Failure error={error} texts={{ conflict: texts.expired }} />
          <Field
            label={texts.code}
            name="code"
            autoComplete="one-time-code"
            inputMode="numeric"
            maxLength={12}
            placeholder="123 456"
            value={code}
            onChange={setCode}
            error={problem}
            autoFocus
          />
          <div className={formStyles.actions}>
            <Button type="submit" variant="primary" isPending={isPending}>
              {texts.confirm}
            </Button>
            <Button onPress={onClose}>{messages.common.cancel}</Button>
          </div>
        </Form>
      </div>
    </div>
  );
}

/** A key in groups of four, which are easier to type. */
function inGroups(secret: string): string {
  return secret.replace(/(.{4})(?=.)/g, "$1 ");
}
