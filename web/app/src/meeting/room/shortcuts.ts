export type ShortcutName = "microphone" | "camera" | "chat" | "people" | "help";

/** Which action a key press means; null if none. `isTyping`: the focus is where text is written. */
export function shortcutOf(
  event: Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">,
  isTyping: boolean,
): ShortcutName | null {
  if (isTyping || !(event.ctrlKey || event.metaKey)) return null;
  if (event.key === "/" || event.key === "?") return "help";
  if (event.shiftKey) return null;
  // With Alt the key's character may be another one: there the place of the key counts.
  if (event.altKey) return event.code === "KeyC" ? "chat" : event.code === "KeyP" ? "people" : null;
  const key = event.key.toLowerCase();
  return key === "d" ? "microphone" : key === "e" ? "camera" : null;
}

/** How a shortcut is written on this machine. */
export function shortcutText(name: ShortcutName): string {
  const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);
  const control = isApple ? "⌘" : "Ctrl";
  const alt = isApple ? "⌥" : "Alt";
  const keys = {
    microphone: [control, "D"],
    camera: [control, "E"],
    chat: [control, alt, "C"],
    people: [control, alt, "P"],
    help: [control, "/"],
  }[name];
  return keys.join(isApple ? " " : " + ");
}
