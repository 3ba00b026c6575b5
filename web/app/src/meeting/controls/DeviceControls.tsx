import { ChevronUp, Mic, MicOff, Video, VideoOff } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Button as AriaButton } from "react-aria-components";
import { useMessages } from "../../messages/catalogue.js";
import { cx } from "../../ui/class-names.js";
import { Menu } from "../../ui/Menu.js";
import { useRoom } from "../meeting-room.js";
import { isOn } from "../participant-tracks.js";
import { shortcutText } from "../room/shortcuts.js";
import { BarButton } from "./BarButton.js";
import styles from "./DeviceControls.module.css";
import { DeviceSections } from "./DeviceSections.js";

interface ControlProps {
  readonly onToggle: () => void;
}

export function MicrophoneControl({ onToggle }: ControlProps) {
  const { devices } = useMessages();
  const { state } = useRoom();
  const isMicrophoneOn = isOn(state.self, "microphone");
  return (
    <SplitControl
      isOn={isMicrophoneOn}
      label={isMicrophoneOn ? devices.turnOffMicrophone : devices.turnOnMicrophone}
      shortcut={shortcutText("microphone")}
      icon={isMicrophoneOn ? <Mic aria-hidden /> : <MicOff aria-hidden />}
      menuLabel={devices.microphoneOptions}
      kinds={["audioinput", "audiooutput"]}
      onToggle={onToggle}
    />
  );
}

export function CameraControl({ onToggle }: ControlProps) {
  const { devices } = useMessages();
  const { state } = useRoom();
  const isCameraOn = isOn(state.self, "camera");
  return (
    <SplitControl
      isOn={isCameraOn}
      label={isCameraOn ? devices.turnOffCamera : devices.turnOnCamera}
      shortcut={shortcutText("camera")}
      icon={isCameraOn ? <Video aria-hidden /> : <VideoOff aria-hidden />}
      menuLabel={devices.cameraOptions}
      kinds={["videoinput"]}
      onToggle={onToggle}
    />
  );
}

interface SplitControlProps {
  readonly isOn: boolean;
  readonly label: string;
  readonly shortcut: string;
  readonly icon: ReactNode;
  readonly menuLabel: string;
  readonly kinds: readonly ("audioinput" | "videoinput" | "audiooutput")[];
  readonly onToggle: () => void;
}

/** A switch, and beside it the choice of devices. On phones the choice is in the menu "More". */
function SplitControl({ isOn: isEnabled, label, shortcut, icon, menuLabel, kinds, onToggle }: SplitControlProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <div className={cx(styles.split, !isEnabled && styles.off)}>
      <BarButton label={label} shortcut={shortcut} tone={isEnabled ? "plain" : "off"} onPress={onToggle}>
        {icon}
      </BarButton>
      <Menu
        label={menuLabel}
        placement="top"
        onOpenChange={setOpen}
        trigger={
          <AriaButton aria-label={menuLabel} className={styles.arrow}>
            <ChevronUp aria-hidden />
          </AriaButton>
        }
      >
        {isOpen && <DeviceSections kinds={kinds} />}
      </Menu>
    </div>
  );
}
