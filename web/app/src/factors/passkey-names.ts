// In the order of asking: a phone's browser also carries the names of desktops.
const SYSTEMS: readonly (readonly [string, RegExp])[] = [
  ["Android", /\bAndroid\b/],
  ["iPhone", /\biPhone\b/],
  ["iPad", /\biPad\b/],
  ["Windows", /\bWindows\b/],
  ["Chromebook", /\bCrOS\b/],
  ["Mac", /\bMacintosh\b/],
  ["Linux", /\bLinux\b|\bX11\b/],
];

/** What to call a passkey that is made here, by the browser's User-Agent (RFC 9110, 10.1.5). */
export function suggestedPasskeyName(userAgent: string): string {
  return SYSTEMS.find(([, pattern]) => pattern.test(userAgent))?.[0] ?? "Passkey";
}
