import type { AnyMeeting, ParleyError } from "@parley/sdk";
import { CalendarX2, KeyRound, SearchX, WifiOff } from "lucide-react";
import { useNavigate } from "react-router";
import { pathWithoutSecret } from "../meetings/meeting-link.js";
import { problemText, useMessages } from "../messages/catalogue.js";
import { MessagePanel } from "../pages/MessagePanel.js";
import { PageFrame } from "../pages/PageFrame.js";
import { Button } from "../ui/Button.js";

interface GateProps {
  readonly meetingId: string;
  readonly meeting: AnyMeeting | null;
  readonly error: ParleyError | null;
  readonly onRetry: () => void;
}

/** Why one cannot get to a meeting, and what can be done. */
export function Gate({ meetingId, meeting, error, onRetry }: GateProps) {
  const { gate, common, ...messages } = useMessages();
  const navigate = useNavigate();
  const home = (variant: "primary" | "secondary") => (
    <Button variant={variant} onPress={() => void navigate("/")}>
      {common.backHome}
    </Button>
  );
  if (error !== null && error.status === 404) {
    return (
      <PageFrame>
        <MessagePanel icon={<SearchX />} title={gate.notFoundTitle} text={gate.notFoundText}>
          {home("primary")}
        </MessagePanel>
      </PageFrame>
    );
  }
  if (meeting === null) {
    return (
      <PageFrame>
        <MessagePanel
          icon={<WifiOff />}
          title={gate.failedTitle}
          text={problemText({ gate, common, ...messages }, error)}
        >
          <Button variant="primary" onPress={onRetry}>
            {common.retry}
          </Button>
          {home("secondary")}
        </MessagePanel>
      </PageFrame>
    );
  }
  if (!meeting.joinable) {
    const isCancelled = meeting.status === "cancelled";
    return (
      <PageFrame>
        <MessagePanel
          icon={<CalendarX2 />}
          title={isCancelled ? gate.cancelledTitle : gate.endedTitle}
          text={isCancelled ? gate.cancelledText : gate.endedText}
        >
          {home("primary")}
        </MessagePanel>
      </PageFrame>
    );
  }
  const next = `?next=${encodeURIComponent(pathWithoutSecret(meetingId))}`;
  return (
    <PageFrame>
      <MessagePanel icon={<KeyRound />} title={gate.guestsTitle} text={gate.guestsText}>
        <Button variant="primary" onPress={() => void navigate(`/sign-in${next}`)}>
          {gate.signIn}
        </Button>
        <Button onPress={() => void navigate(`/register${next}`)}>{gate.register}</Button>
      </MessagePanel>
    </PageFrame>
  );
}
