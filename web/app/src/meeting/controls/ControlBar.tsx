import { MessageSquare, MonitorUp, MonitorX, Users } from "lucide-react";
import { useMessages } from "../../messages/catalogue.js";
import { useRoom } from "../meeting-room.js";
import { isOn } from "../participant-tracks.js";
import type { PanelName } from "../room/RoomPage.js";
import type { OwnToggles } from "../room/useModeratorMutes.js";
import { shortcutText } from "../room/shortcuts.js";
import { BarButton } from "./BarButton.js";
import styles from "./ControlBar.module.css";
import { CameraControl, MicrophoneControl } from "./DeviceControls.js";
import { HandControl, ReactionsControl } from "./HandControls.js";
import { LeaveControl } from "./LeaveControl.js";
import { MoreMenu } from "./MoreMenu.js";

interface ControlBarProps {
  readonly toggles: OwnToggles;
  readonly panel: PanelName | null;
  readonly unread: number;
  readonly isSelfHidden: boolean;
  readonly onPanel: (panel: PanelName) => void;
  readonly onHideSelf: (isHidden: boolean) => void;
  readonly onHelp: () => void;
}

/** Phones cannot share their screen. */
const canShareScreen = "getDisplayMedia" in ((navigator as { mediaDevices?: MediaDevices }).mediaDevices ?? {});

/** What one does in a meeting. */
export function ControlBar({ toggles, panel, unread, isSelfHidden, onPanel, onHideSelf, onHelp }: ControlBarProps) {
  const { meeting } = useMessages();
  const { state } = useRoom();
  const { self, participants } = state;
  const isSharing = isOn(self, "screen");
  const may = (kind: "audio" | "video" | "screen") => self?.permissions.publish.includes(kind) ?? false;
  return (
    <footer className={styles.bar} aria-label={meeting.controls}>
      <div className={styles.centre}>
        {may("audio") && <MicrophoneControl onToggle={toggles.toggleMicrophone} />}
        {may("video") && <CameraControl onToggle={toggles.toggleCamera} />}
        {may("screen") && canShareScreen && (
          <BarButton
            label={isSharing ? meeting.stopSharing : meeting.shareScreen}
            tone={isSharing ? "active" : "plain"}
            onPress={toggles.toggleScreen}
          >
            {isSharing ? <MonitorX aria-hidden /> : <MonitorUp aria-hidden />}
          </BarButton>
        )}
        <HandControl />
        <ReactionsControl />
        <MoreMenu isSelfHidden={isSelfHidden} onHideSelf={onHideSelf} onHelp={onHelp} onPanel={onPanel} />
        <LeaveControl />
      </div>
      <div className={styles.side}>
        <BarButton
          label={meeting.chat}
          shortcut={shortcutText("chat")}
          isPressed={panel === "chat"}
          {...(unread > 0 ? { badge: { text: unread > 9 ? "9+" : String(unread), label: meeting.unread(unread) } } : {})}
          onPress={() => {
            onPanel("chat");
          }}
        >
          <MessageSquare aria-hidden />
        </BarButton>
        <BarButton
          label={meeting.people}
          shortcut={shortcutText("people")}
          isPressed={panel === "people"}
          count={participants.length}
          onPress={() => {
            onPanel("people");
          }}
        >
          <Users aria-hidden />
        </BarButton>
      </div>
    </footer>
  );
}
