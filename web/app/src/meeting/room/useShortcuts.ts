import { useEffect, useEffectEvent } from "react";

export interface ShortcutActions {
  readonly microphone: () => void;
  readonly camera: () => void;
  readonly chat: () => void;
  readonly people: () => void;
  readonly help: () => void;
}

type ShortcutName = keyof ShortcutActions;

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

export function useShortcuts(actions: ShortcutActions): void {
  const handle = useEffectEvent((event: KeyboardEvent) => {
    const target = event.target instanceof HTMLElement ? event.target : null;
    const isTyping = target?.matches("input, textarea, [contenteditable]") ?? false;
    const name = shortcutOf(event, isTyping);
    if (name === null || event.repeat) return;
    event.preventDefault();
    actions[name]();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => {
      handle(event);
    };
    window.addEventListener("keydown", listener);
    return () => {
      window.removeEventListener("keydown", listener);
    };
  }, []);
}

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** How a shortcut is written on this machine. */
export function shortcutText(name: ShortcutName): string {
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
