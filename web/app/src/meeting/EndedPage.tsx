import type { CloseReason } from "@parley/sdk";
import { CircleCheck, DoorOpen, KeyRound, MonitorSmartphone, UserX, WifiOff } from "lucide-react";
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
  | "account_suspended"
  | "account_deleted"
  | "session_expired"
  | "failed";

const ICONS: Readonly<Record<Ending, ReactNode>> = {
  left: <DoorOpen />,
  meeting_ended: <CircleCheck />,
  participant_removed: <UserX />,
  lobby_refused: <UserX />,
  replaced: <MonitorSmartphone />,
  replaced_by_resume: <MonitorSmartphone />,
  account_suspended: <UserX />,
  account_deleted: <UserX />,
  session_expired: <KeyRound />,
  failed: <WifiOff />,
};
/** After these there is nothing to come back to. */
const FINAL: ReadonlySet<Ending> = new Set<Ending>([
  "meeting_ended",
  "participant_removed",
  "account_suspended",
  "account_deleted",
]);

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
  const isSignedOut = ending === "session_expired";
  const label = isSignedOut ? messages.gate.signIn : ending === "replaced" ? messages.ended.takeBack : messages.ended.rejoin;
  const again = isSignedOut ? signInAgain : onRejoin;
  return (
    <PageFrame>
      <MessagePanel icon={ICONS[ending]} title={title} text={cause ?? text}>
        {!isFinal && (
          <Button variant="primary" size="large" onPress={again}>
            {label}
          </Button>
        )}
        <Button variant={isFinal ? "primary" : "secondary"} size="large" onPress={() => void navigate("/")}>
          {messages.common.backHome}
        </Button>
      </MessagePanel>
    </PageFrame>
  );
}

/** A new page: what this one knows of who is signed in is not so any more. */
function signInAgain(): void {
  window.location.assign(`/sign-in?next=${encodeURIComponent(window.location.pathname)}`);
}
