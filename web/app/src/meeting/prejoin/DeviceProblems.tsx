import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { Notice } from "../../ui/Notice.js";
import type { DeviceCheck, DeviceCheckState } from "./device-check.js";
import styles from "./DeviceProblems.module.css";

interface DeviceProblemsProps {
  readonly check: DeviceCheck;
  readonly state: DeviceCheckState;
}

/** What is wrong with the devices, and what helps. One can join all the same. */
export function DeviceProblems({ check, state }: DeviceProblemsProps) {
  const messages = useMessages();
  const failed = (["microphone", "camera"] as const).filter((device) => state[device].error !== null);
  if (failed.length === 0) return null;
  return (
    <div className={styles.problems}>
      {failed.map((device) => {
        const text = messages.devices.errors[device][state[device].error?.code ?? "device_failed"];
        return (
          <Notice
            key={device}
            tone="warning"
            title={text.title}
            action={
              <Button
                onPress={() => {
                  check.retry(device);
                }}
              >
                {messages.common.retry}
              </Button>
            }
          >
            {text.help}
          </Notice>
        );
      })}
    </div>
  );
}
