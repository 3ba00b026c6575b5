import { describe, expect, it } from "vitest";
import { de } from "../messages/de.js";
import { en } from "../messages/en.js";
import { waitingTime } from "./waiting.js";

describe("waitingTime", () => {
  it.each([
    [0, "1 second"],
    [1, "1 second"],
    [90, "90 seconds"],
    [119, "119 seconds"],
    [120, "2 minutes"],
    [121, "3 minutes"],
    [900, "15 minutes"],
  ])("says %i as %s", (seconds, text) => {
    expect(waitingTime(en, seconds)).toBe(text);
  });

  it("speaks German", () => {
    expect(waitingTime(de, 1)).toBe("1 Sekunde");
    expect(waitingTime(de, 300)).toBe("5 Minuten");
  });
});
