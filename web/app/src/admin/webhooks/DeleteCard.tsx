import type { Webhook } from "@parley/sdk";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Card } from "../../ui/Card.js";
import { showToast } from "../../ui/toasts.js";
import { ActionDialog } from "../ActionDialog.js";
import { useWebhookMessages } from "./useWebhookMessages.js";

/** The end of a webhook. */
export function DeleteCard({ webhook }: { readonly webhook: Webhook }) {
  const words = useWebhookMessages();
  const { api } = useSession();
  const navigate = useNavigate();
  const [isAsking, setAsking] = useState(false);
  return (
    <Card
      title={words.delete}
      lead={words.deleteLead}
      isDangerous
      action={
        <Button
          onPress={() => {
            setAsking(true);
          }}
        >
          {words.deleteOpen}
        </Button>
      }
    >
      <ActionDialog
        title={words.deleteTitle}
        effects={words.deleteEffects}
        action={words.deleteAction}
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
        onConfirm={async () => {
          await api.webhooks.delete(webhook.id);
          showToast({ tone: "info", title: words.deleted });
          await navigate("/admin/webhooks", { replace: true });
        }}
      />
    </Card>
  );
}
