import type { OwnSession } from "@parley/sdk";
import type { Messages } from "../messages/en.js";

export type DeviceForm = "computer" | "phone" | "tablet" | "program";

const PHONES = new Set(["Android", "iPhone"]);
const PROGRAMS = new Set(["curl", "Python"]);

/** What a session was used with, as people would call it. */
export function deviceName(messages: Messages, { browser, system }: OwnSession["device"]): string {
  const texts = messages.account.sessions;
  if (browser !== null && system !== null) return texts.on(browser, system);
  return browser ?? system ?? texts.unknown;
}

export function deviceForm({ browser, system }: OwnSession["device"]): DeviceForm {
  if (browser !== null && PROGRAMS.has(browser)) return "program";
  if (system === "iPad") return "tablet";
  return system !== null && PHONES.has(system) ? "phone" : "computer";
}
