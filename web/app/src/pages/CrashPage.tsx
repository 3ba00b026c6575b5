import { TriangleAlert } from "lucide-react";
import { useMessages } from "../messages/catalogue.js";
import { Button } from "../ui/Button.js";
import { MessagePanel } from "./MessagePanel.js";

/** Shown when a page fails to load or to render. */
export function CrashPage() {
  const messages = useMessages();
  return (
    <main style={{ flex: 1, display: "flex", flexDirection: "column", padding: "var(--space-4)" }}>
      <MessagePanel icon={<TriangleAlert />} title={messages.notices.failed} text={messages.problems.internal ?? ""}>
        <Button
          variant="primary"
          onPress={() => {
            location.reload();
          }}
        >
          {messages.common.retry}
        </Button>
      </MessagePanel>
    </main>
  );
}
