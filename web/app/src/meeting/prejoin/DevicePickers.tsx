import { Mic, Play, Video, Volume2 } from "lucide-react";
import { useState } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { IconButton } from "../../ui/IconButton.js";
import { Select } from "../../ui/Select.js";
import { currentDevice, useDeviceList } from "../useDeviceList.js";
import type { DeviceCheck, DeviceCheckState } from "./device-check.js";
import styles from "./DevicePickers.module.css";
import { playTestTone } from "./test-tone.js";

interface DevicePickersProps {
  readonly check: DeviceCheck;
  readonly state: DeviceCheckState;
}

/** Which microphone, camera and speaker. */
export function DevicePickers({ check, state }: DevicePickersProps) {
  const { devices: texts } = useMessages();
  // Names become known with the first permission.
  const list = useDeviceList(`${state.microphone.status} ${state.camera.status}`);
  const [isTesting, setTesting] = useState(false);
  const labelled = (devices: readonly { id: string; label: string }[], kind: string) =>
    devices.map(({ id, label }, index) => ({ id, label: label === "" ? texts.unnamed(kind, index + 1) : label }));
  const test = async () => {
    setTesting(true);
    await playTestTone(state.speakerId).catch(() => undefined);
    setTesting(false);
  };
  return (
    <div className={styles.pickers}>
      <Select
        label={texts.microphone}
        icon={<Mic aria-hidden />}
        items={labelled(list.microphones, texts.microphone)}
        selected={currentDevice(list.microphones, state.microphone.track, state.microphoneId)}
        placeholder={texts.microphone}
        onSelect={(id) => {
          check.select("microphone", id);
        }}
      />
      <Select
        label={texts.camera}
        icon={<Video aria-hidden />}
        items={labelled(list.cameras, texts.camera)}
        selected={currentDevice(list.cameras, state.camera.track, state.cameraId)}
        placeholder={texts.camera}
        onSelect={(id) => {
          check.select("camera", id);
        }}
      />
      <div className={styles.speaker}>
        <Select
          label={texts.speaker}
          icon={<Volume2 aria-hidden />}
          items={labelled(list.speakers, texts.speaker)}
          selected={currentDevice(list.speakers, null, state.speakerId)}
          placeholder={texts.systemDefault}
          onSelect={(id) => {
            check.select("speaker", id);
          }}
        />
        <IconButton
          label={isTesting ? texts.testing : texts.testSpeaker}
          isDisabled={isTesting}
          className={styles.test}
          onPress={() => void test()}
        >
          <Play aria-hidden />
        </IconButton>
      </div>
    </div>
  );
}
