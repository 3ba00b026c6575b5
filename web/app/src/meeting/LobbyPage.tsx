import { Hourglass } from "lucide-react";
import { useMessages } from "../messages/catalogue.js";
import { MessagePanel } from "../pages/MessagePanel.js";
import { PageFrame } from "../pages/PageFrame.js";
import { Button } from "../ui/Button.js";
import styles from "./LobbyPage.module.css";
import type { MeetingRoom } from "./meeting-room.js";

interface LobbyPageProps {
  readonly room: Pick<MeetingRoom, "leave">;
  readonly title: string;
  /** What a host has said to those who wait. */
  readonly message: string | null;
}

/** Before somebody has let one in. */
export function LobbyPage({ room, title, message }: LobbyPageProps) {
  const { lobby } = useMessages();
  return (
    <PageFrame>
      <MessagePanel icon={<Hourglass />} title={lobby.title} text={lobby.text(title)}>
        <Button size="large" onPress={() => void room.leave()}>
          {lobby.leave}
        </Button>
      </MessagePanel>
      <p role="status" className={message === null ? "visually-hidden" : styles.message}>
        {message}
      </p>
    </PageFrame>
  );
}
