import { asParleyError } from "@parley/sdk";
import { Send } from "lucide-react";
import { useState } from "react";
import { problemText, useMessages } from "../../messages/catalogue.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { showToast } from "../../ui/toasts.js";
import { outcomeOf } from "./outcome.js";
import { useGone } from "./useGone.js";
import { useWebhookMessages } from "./useWebhookMessages.js";
import { answerOf } from "./words.js";

interface TestButtonProps {
  readonly id: string;
  /** Once it is known what became of it. */
  readonly onTried: () => void;
}

/** Sends a test message, and says what became of it. */
export function TestButton({ id, onTried }: TestButtonProps) {
  const messages = useMessages();
  const words = useWebhookMessages();
  const { api } = useSession();
  const [isPending, setPending] = useState(false);
  const gone = useGone();

  const send = async () => {
    setPending(true);
    try {
      const sent = await api.webhooks.test(id);
      const { state, lastAttempt } = await outcomeOf(sent, () => api.webhooks.readDelivery(id, sent.id), gone.current.signal);
      if (gone.current.signal.aborted) return;
      if (lastAttempt === null) showToast({ tone: "info", title: words.testPending });
      else if (state === "delivered") showToast({ tone: "info", title: words.testTaken(lastAttempt.status ?? 0) });
      else showToast({ tone: "error", title: words.testFailed(answerOf(words, lastAttempt)) });
      onTried();
    } catch (thrown) {
      showToast({ tone: "error", title: problemText(messages, asParleyError(thrown)) });
    } finally {
      setPending(false);
    }
  };

  return (
    <Button icon={<Send aria-hidden />} isPending={isPending} onPress={() => void send()}>
      {words.test}
    </Button>
  );
}
