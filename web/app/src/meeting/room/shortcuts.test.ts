import { describe, expect, it } from "vitest";
import { shortcutOf } from "./shortcuts.js";

const press = (key: string, change: Partial<KeyboardEvent> = {}) => ({
  key,
  code: `Key${key.toUpperCase()}`,
  ctrlKey: true,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...change,
});

describe("shortcutOf", () => {
  it.each([
    [press("d"), "microphone"],
    [press("D"), "microphone"],
    [press("e", { ctrlKey: false, metaKey: true }), "camera"],
    [press("©", { altKey: true, code: "KeyC" }), "chat"],
    [press("p", { altKey: true }), "people"],
    [press("/", { shiftKey: true }), "help"],
    [press("d", { ctrlKey: false }), null],
    [press("D", { shiftKey: true }), null],
    [press("x"), null],
  ])("%o means %s", (event, name) => {
    expect(shortcutOf(event, false)).toBe(name);
  });

  it("rests while one is typing", () => {
    expect(shortcutOf(press("d"), true)).toBeNull();
  });
});
