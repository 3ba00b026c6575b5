import { useEffect, useEffectEvent } from "react";
import { shortcutOf, type ShortcutName } from "./shortcuts.js";

export type ShortcutActions = Readonly<Record<ShortcutName, () => void>>;

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
