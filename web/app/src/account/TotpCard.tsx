import type { Factors } from "@parley/sdk";
import { useState } from "react";
import { useLocale } from "react-aria-components";
import { useStepUp } from "../factors/step-up/step-up.js";
import { TotpEnrolment, type TotpSecret } from "../factors/TotpEnrolment.js";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { dayAndTime } from "../messages/time.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { ConfirmDialog } from "../ui/Dialog.js";
import { showToast } from "../ui/toasts.js";
import { Card } from "../ui/Card.js";

interface TotpCardProps {
  readonly totp: Factors["totp"];
  readonly now: number;
  /** With recovery codes, if there are new ones. */
  readonly onChanged: (recoveryCodes: readonly string[] | null) => void;
}

/** The authenticator app of an account: set up, and removed. */
export function TotpCard({ totp, now, onChanged }: TotpCardProps) {
  const messages = useMessages();
  const texts = messages.account.totp;
  const { api } = useSession();
  const guard = useStepUp();
  const { locale } = useLocale();
  const [begun, setBegun] = useState<TotpSecret | null>(null);
  const [isAsking, setAsking] = useState(false);
  const { isPending, error, run } = useAttempt();

  const begin = () =>
    run(async () => {
      const done = await guard(() => api.factors.beginTotp());
      if (done !== null) setBegun(done.value);
    });
  const remove = () =>
    run(async () => {
      if ((await guard(() => api.factors.removeTotp())) === null) return;
      showToast({ tone: "info", title: texts.removed });
      onChanged(null);
    });

  return (
    <Card
      title={texts.title}
      lead={
        totp === null ? (
          texts.lead
        ) : (
          <>
            <strong>{texts.on(dayAndTime(Date.parse(totp.enrolledAt), now, locale))}</strong>
            {texts.lead}
          </>
        )
      }
      action={
        begun !== null ? undefined : totp === null ? (
          <Button aria-label={texts.setUpTitle} isPending={isPending} onPress={() => void begin()}>
            {texts.setUp}
          </Button>
        ) : (
          <Button
            aria-label={texts.removeLabel}
            isPending={isPending}
            onPress={() => {
              setAsking(true);
            }}
          >
            {texts.remove}
          </Button>
        )
      }
    >
      {error !== null && <Failure error={error} texts={{ conflict: messages.account.passkeys.needed }} />}
      {begun !== null && (
        <TotpEnrolment
          begun={begun}
          onClose={() => {
            setBegun(null);
          }}
          onDone={(recoveryCodes) => {
            setBegun(null);
            showToast({ tone: "info", title: texts.done });
            onChanged(recoveryCodes);
          }}
        />
      )}
      <ConfirmDialog
        title={texts.removeTitle}
        text={texts.removeText}
        action={texts.remove}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={() => void remove()}
      />
    </Card>
  );
}
