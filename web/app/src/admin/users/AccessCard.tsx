import type { ManagedUser } from "@parley/sdk";
import { useState } from "react";
import { Card } from "../../ui/Card.js";
import { useStepUp } from "../../factors/step-up/step-up.js";
import { Failure } from "../../forms/Failure.js";
import { useAttempt } from "../../forms/useAttempt.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { showToast } from "../../ui/toasts.js";
import { ActionDialog } from "../ActionDialog.js";
import { useAdminMessages } from "../useAdminMessages.js";

interface AccessCardProps {
  readonly user: ManagedUser;
  readonly onChanged: (user: ManagedUser) => void;
}

/** Keeps somebody out, and lets them in again. */
export function AccessCard({ user, onChanged }: AccessCardProps) {
  const texts = useAdminMessages().user;
  const { api } = useSession();
  const guard = useStepUp();
  const { isPending, error, run } = useAttempt();
  const [isAsking, setAsking] = useState(false);
  const refusals = { last_administrator: texts.last, conflict: texts.bySetting, permission_denied: texts.rank };
  const isOut = user.state === "suspended";

  const resume = () =>
    run(() =>
      guard(async () => {
        onChanged(await api.administration.resumeUser(user.id));
        showToast({ tone: "info", title: texts.resumed(user.displayName) });
      }),
    );

  return (
    <Card
      title={texts.access}
      lead={texts.accessLead[user.state]}
      action={
        <Button
          isPending={isPending}
          onPress={() => {
            if (isOut) void resume();
            else setAsking(true);
          }}
        >
          {isOut ? texts.resume : texts.suspend}
        </Button>
      }
    >
      <Failure error={error} texts={refusals} />
      <ActionDialog
        title={texts.suspendTitle(user.displayName)}
        effects={texts.suspendEffects}
        action={texts.suspendAction}
        texts={refusals}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={async () => {
          onChanged(await api.administration.suspendUser(user.id));
          showToast({ tone: "info", title: texts.suspended(user.displayName) });
        }}
      />
    </Card>
  );
}
