import { Mic, MicOff, Video, VideoOff } from "lucide-react";
import type { ReactNode } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { Avatar } from "../../ui/Avatar.js";
import { cx } from "../../ui/class-names.js";
import { IconButton } from "../../ui/IconButton.js";
import { isMirror, VideoView } from "../VideoView.js";
import type { CheckedDevice, DeviceCheck, DeviceCheckState } from "./device-check.js";
import { LevelBar } from "./LevelBar.js";
import styles from "./Preview.module.css";

interface PreviewProps {
  readonly check: DeviceCheck;
  readonly state: DeviceCheckState;
  readonly name: string;
  readonly identity: string;
}

/** One's own picture, with the switches for microphone and camera. */
export function Preview({ check, state, name, identity }: PreviewProps) {
  const { devices, prejoin } = useMessages();
  const { camera, microphone } = state;
  return (
    <figure className={styles.preview} aria-label={prejoin.preview} data-theme="dark">
      <div className={styles.empty}>
        <Avatar name={name} identity={identity} size={96} />
        <p>{camera.status === "starting" ? prejoin.cameraStarting : camera.status === "off" ? prejoin.cameraIsOff : ""}</p>
      </div>
      {camera.track !== null && <VideoView track={camera.track} isMirrored={isMirror(camera.track)} />}
      <div className={styles.level}>
        <LevelBar track={microphone.track} />
      </div>
      <div className={styles.switches}>
        <Switch
          check={check}
          device="microphone"
          isOn={microphone.status === "on" || microphone.status === "starting"}
          labelOn={devices.turnOffMicrophone}
          labelOff={devices.turnOnMicrophone}
          iconOn={<Mic aria-hidden />}
          iconOff={<MicOff aria-hidden />}
        />
        <Switch
          check={check}
          device="camera"
          isOn={camera.status === "on" || camera.status === "starting"}
          labelOn={devices.turnOffCamera}
          labelOff={devices.turnOnCamera}
          iconOn={<Video aria-hidden />}
          iconOff={<VideoOff aria-hidden />}
        />
      </div>
    </figure>
  );
}

interface SwitchProps {
  readonly check: DeviceCheck;
  readonly device: CheckedDevice;
  readonly isOn: boolean;
  readonly labelOn: string;
  readonly labelOff: string;
  readonly iconOn: ReactNode;
  readonly iconOff: ReactNode;
}

function Switch({ check, device, isOn, labelOn, labelOff, iconOn, iconOff }: SwitchProps) {
  return (
    <IconButton
      label={isOn ? labelOn : labelOff}
      className={cx(styles.switch, !isOn && styles.off)}
      onPress={() => {
        check.setOn(device, !isOn);
      }}
    >
      {isOn ? iconOn : iconOff}
    </IconButton>
  );
}
