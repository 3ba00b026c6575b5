import type { DeviceErrorCode } from "@parley/sdk";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { Notice } from "../../ui/Notice.js";
import type { CheckedDevice, DeviceCheck, DeviceCheckState } from "./device-check.js";
import styles from "./DeviceProblems.module.css";

interface DeviceProblemsProps {
  readonly check: DeviceCheck;
  readonly state: DeviceCheckState;
}

/** What is wrong with the devices, and what helps. One can join all the same. */
export function DeviceProblems({ check, state }: DeviceProblemsProps) {
  const messages = useMessages();
  const problems = problemsOf(state);
  if (problems.length === 0) return null;
  return (
    <div className={styles.problems}>
      {problems.map(({ kind, devices, code }) => (
        <Notice
          key={kind}
          tone="warning"
          title={messages.devices.errors[kind][code].title}
          action={
            <Button
              onPress={() => {
                for (const device of devices) check.retry(device);
              }}
            >
              {messages.common.retry}
            </Button>
          }
        >
          {messages.devices.errors[kind][code].help}
        </Notice>
      ))}
    </div>
  );
}

interface Problem {
  readonly kind: CheckedDevice | "both";
  readonly devices: readonly CheckedDevice[];
  readonly code: DeviceErrorCode;
}

/** What has failed; what has failed in one way, once. */
export function problemsOf({ microphone, camera }: Pick<DeviceCheckState, CheckedDevice>): Problem[] {
  if (microphone.error !== null && microphone.error.code === camera.error?.code) {
    return [{ kind: "both", devices: ["microphone", "camera"], code: microphone.error.code }];
  }
  return [microphone, camera].flatMap(({ error }, index): Problem[] => {
    const kind = index === 0 ? "microphone" : "camera";
    return error === null ? [] : [{ kind, devices: [kind], code: error.code }];
  });
}
