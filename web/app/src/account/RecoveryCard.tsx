import { useState } from "react";
import { useStepUp } from "../factors/step-up/step-up.js";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { useMessages } from "../messages/catalogue.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { ConfirmDialog } from "../ui/Dialog.js";
import { Notice } from "../ui/Notice.js";
import { Card } from "../ui/Card.js";

/** From so few codes on, new ones should be made. */
const FEW = 3;

interface RecoveryCardProps {
  readonly left: number;
  readonly onRenewed: (codes: readonly string[]) => void;
}

/** How many recovery codes are left, and others in their place. */
export function RecoveryCard({ left, onRenewed }: RecoveryCardProps) {
  const texts = useMessages().account.recovery;
  const { api } = useSession();
  const guard = useStepUp();
  const [isAsking, setAsking] = useState(false);
  const { isPending, error, run } = useAttempt();
  const renew = () =>
    run(async () => {
      const done = await guard(() => api.factors.renewRecoveryCodes());
      if (done !== null) onRenewed(done.value);
    });
  return (
    <Card
      title={texts.title}
      lead={
        <>
          <strong>{texts.left(left)}</strong>
          {texts.lead}
        </>
      }
      action={
        <Button
          isPending={isPending}
          onPress={() => {
            setAsking(true);
          }}
        >
          {texts.renew}
        </Button>
      }
    >
      {left <= FEW && <Notice tone="warning" title={texts.few} />}
      {error !== null && <Failure error={error} />}
      <ConfirmDialog
        title={texts.renewTitle}
        text={texts.renewText}
        action={texts.renew}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={() => void renew()}
      />
    </Card>
  );
}
