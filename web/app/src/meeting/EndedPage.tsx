import type { CloseReason } from "@parley/sdk";
import { CircleCheck, DoorOpen, MonitorSmartphone, UserX, WifiOff } from "lucide-react";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { useMessages } from "../messages/catalogue.js";
import { MessagePanel } from "../pages/MessagePanel.js";
import { PageFrame } from "../pages/PageFrame.js";
import { Button } from "../ui/Button.js";

type Ending =
  | "left"
  | "meeting_ended"
  | "participant_removed"
  | "lobby_refused"
  | "replaced"
  | "replaced_by_resume"
  | "failed";

const ICONS: Readonly<Record<Ending, ReactNode>> = {
  left: <DoorOpen />,
  meeting_ended: <CircleCheck />,
  participant_removed: <UserX />,
  lobby_refused: <UserX />,
  replaced: <MonitorSmartphone />,
  replaced_by_resume: <MonitorSmartphone />,
  failed: <WifiOff />,
};
/** After these there is nothing to come back to. */
const FINAL: ReadonlySet<Ending> = new Set<Ending>(["meeting_ended", "participant_removed"]);

interface EndedPageProps {
  readonly reason: CloseReason | null;
  readonly onRejoin: () => void;
}

/** After the meeting. */
export function EndedPage({ reason, onRejoin }: EndedPageProps) {
  const messages = useMessages();
  const navigate = useNavigate();
  const code = reason?.code ?? "left";
  const ending: Ending = code in ICONS ? (code as Ending) : "failed";
  const { title, text } = messages.ended[ending];
  const isFinal = FINAL.has(ending);
  const cause = ending === "failed" ? messages.problems[code] : undefined;
  return (
    <PageFrame>
      <MessagePanel icon={ICONS[ending]} title={title} text={cause ?? text}>
        {!isFinal && (
          <Button variant="primary" size="large" onPress={onRejoin}>
            {ending === "replaced" ? messages.ended.takeBack : messages.ended.rejoin}
          </Button>
        )}
        <Button variant={isFinal ? "primary" : "secondary"} size="large" onPress={() => void navigate("/")}>
          {messages.common.backHome}
        </Button>
      </MessagePanel>
    </PageFrame>
  );
}
