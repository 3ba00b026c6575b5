import type { RoomState } from "@parley/sdk";
import { useEffect, useMemo, useRef, useState } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { Spinner } from "../../ui/Spinner.js";
import { ConnectionDialog } from "../connection/ConnectionDialog.js";
import { ControlBar } from "../controls/ControlBar.js";
import { RoomContext, type MeetingRoom } from "../meeting-room.js";
import { BreakoutsPanel } from "../panels/BreakoutsPanel.js";
import { ChatPanel } from "../panels/ChatPanel.js";
import { NotesPanel } from "../panels/NotesPanel.js";
import { PeoplePanel } from "../panels/PeoplePanel.js";
import { PollsPanel } from "../panels/PollsPanel.js";
import { useUnread } from "../panels/useUnread.js";
import { Announcer } from "./Announcer.js";
import { Banners } from "./Banners.js";
import { MeetingInfo } from "./MeetingInfo.js";
import styles from "./RoomPage.module.css";
import { ShortcutsDialog } from "./ShortcutsDialog.js";
import { Stage } from "./Stage.js";
import { useModeratorMutes } from "./useModeratorMutes.js";
import { useShortcuts } from "./useShortcuts.js";
import { useWakeLock } from "./useWakeLock.js";

export type PanelName = "chat" | "people" | "polls" | "notes" | "breakouts";

interface RoomPageProps {
  readonly room: MeetingRoom;
  readonly state: RoomState;
  readonly title: string;
  readonly meetingId: string;
}

/** The meeting itself. */
export function RoomPage({ room, state, title, meetingId }: RoomPageProps) {
  const messages = useMessages();
  const [panel, setPanel] = useState<PanelName | null>(null);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [isSelfHidden, setSelfHidden] = useState(false);
  const [connectionOf, setConnectionOf] = useState<string | null>(null);
  const unread = useUnread(state.chat, panel === "chat");
  const main = useRef<HTMLElement>(null);

  useDarkPage();
  useWakeLock();
  const toggles = useModeratorMutes(room, state);
  const toggle = (name: PanelName) => {
    setPanel(panel === name ? null : name);
  };
  useShortcuts({
    microphone: toggles.toggleMicrophone,
    camera: toggles.toggleCamera,
    chat: () => {
      toggle("chat");
    },
    people: () => {
      toggle("people");
    },
    help: () => {
      setHelpOpen(true);
    },
  });

  const context = useMemo(() => ({ room, state, title, meetingId }), [room, state, title, meetingId]);
  const closePanel = () => {
    setPanel(null);
    main.current?.focus();
  };
  return (
    <RoomContext value={context}>
      <div className={styles.page}>
        <MeetingInfo />
        <main ref={main} tabIndex={-1} className={styles.main}>
          <h1 className="visually-hidden">{title}</h1>
          <div className={styles.centre}>
            <Banners
              onBreakouts={() => {
                setPanel("breakouts");
              }}
            />
            {state.status === "connecting" ? (
              <Spinner label={messages.meeting.connecting} />
            ) : (
              <Stage isSelfHidden={isSelfHidden} onConnection={setConnectionOf} />
            )}
          </div>
          {panel === "chat" && <ChatPanel onClose={closePanel} />}
          {panel === "people" && <PeoplePanel onClose={closePanel} />}
          {panel === "polls" && <PollsPanel onClose={closePanel} />}
          {panel === "notes" && <NotesPanel onClose={closePanel} />}
          {panel === "breakouts" && <BreakoutsPanel onClose={closePanel} />}
        </main>
        <ControlBar
          toggles={toggles}
          panel={panel}
          unread={unread}
          isSelfHidden={isSelfHidden}
          onPanel={toggle}
          onHideSelf={setSelfHidden}
          onHelp={() => {
            setHelpOpen(true);
          }}
        />
        <Announcer isChatOpen={panel === "chat"} />
        <ConnectionDialog
          participantId={connectionOf}
          onClose={() => {
            setConnectionOf(null);
          }}
        />
        <ShortcutsDialog
          isOpen={isHelpOpen}
          onClose={() => {
            setHelpOpen(false);
          }}
        />
      </div>
    </RoomContext>
  );
}

/** A meeting is dark in both themes, menus and windows above it included: pictures of people come first. */
function useDarkPage(): void {
  useEffect(() => {
    const root = document.documentElement;
    root.dataset.theme = "dark";
    return () => {
      delete root.dataset.theme;
    };
  }, []);
}
