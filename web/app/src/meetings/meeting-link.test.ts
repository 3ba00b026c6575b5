import { describe, expect, it } from "vitest";
import { meetingIdIn } from "./meeting-link.js";

describe("meetingIdIn", () => {
  it.each([
    "abc-defg-hjk",
    " ABC-defg-hjk ",
    "abcdefghjk",
    "abc defg hjk",
    "https://meet.example.org/m/abc-defg-hjk",
    "https://meet.example.org/m/abc-defg-hjk?from=mail#x",
    "meet.example.org/m/abc-defg-hjk",
    "Join here: https://meet.example.org/m/abc-defg-hjk",
  ])("finds the code in %j", (text) => {
    expect(meetingIdIn(text)).toBe("abc-defg-hjk");
  });

  it.each(["", "abc", "abc-defg-hjk-x", "https://meet.example.org/", "https://meet.example.org/m/12", "a1c-defg-hjk"])(
    "finds nothing in %j",
    (text) => {
      expect(meetingIdIn(text)).toBeNull();
    },
  );
});
