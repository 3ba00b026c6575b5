import { Compass } from "lucide-react";
import { useNavigate } from "react-router";
import { useMessages } from "../messages/catalogue.js";
import { Button } from "../ui/Button.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { MessagePanel } from "./MessagePanel.js";
import { PageFrame } from "./PageFrame.js";

export function NotFoundPage() {
  const messages = useMessages();
  const navigate = useNavigate();
  usePageTitle(messages.product);
  return (
    <PageFrame>
      <MessagePanel icon={<Compass />} title={messages.notFound.title} text={messages.notFound.text}>
        <Button variant="primary" onPress={() => void navigate("/")}>
          {messages.common.backHome}
        </Button>
      </MessagePanel>
    </PageFrame>
  );
}
