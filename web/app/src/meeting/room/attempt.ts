import { DeviceError } from "@parley/sdk";
import { problemText } from "../../messages/catalogue.js";
import type { Messages } from "../../messages/en.js";
import { showToast } from "../../ui/toasts.js";

/** Does something in the room; a failure is told and is over with that. */
export async function attempt(messages: Messages, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (thrown) {
    if (thrown instanceof DeviceError) {
      const { title, help } = messages.devices.errors[thrown.device][thrown.code];
      showToast({ tone: thrown.device === "screen" && thrown.code === "device_denied" ? "info" : "error", title, text: help });
    } else {
      showToast({ tone: "error", title: messages.notices.failed, text: problemText(messages, thrown) });
    }
  }
}
