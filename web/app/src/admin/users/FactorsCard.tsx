import type { ManagedUser } from "@parley/sdk";
import { useState } from "react";
import { Card } from "../../ui/Card.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { showToast } from "../../ui/toasts.js";
import { ActionDialog } from "../ActionDialog.js";
import { useAdminMessages } from "../useAdminMessages.js";

interface FactorsCardProps {
  readonly user: ManagedUser;
  readonly onChanged: (user: ManagedUser) => void;
}

/** Takes second factors from somebody who has lost them. */
export function FactorsCard({ user, onChanged }: FactorsCardProps) {
  const texts = useAdminMessages().user;
  const { api } = useSession();
  const [isAsking, setAsking] = useState(false);
  return (
    <Card
      title={texts.factors}
      lead={texts.resetLead}
      action={
        <Button
          onPress={() => {
            setAsking(true);
          }}
        >
          {texts.resetFactors}
        </Button>
      }
    >
      <ActionDialog
        title={texts.resetTitle(user.displayName)}
        effects={texts.resetEffects}
        action={texts.resetAction}
        texts={{ last_login_method: texts.resetLastWay, permission_denied: texts.rank }}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={async () => {
          await api.administration.resetFactorsOfUser(user.id);
          onChanged({ ...user, factors: [] });
          showToast({ tone: "info", title: texts.reset(user.displayName) });
        }}
      />
    </Card>
  );
}
