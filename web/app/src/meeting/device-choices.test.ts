import { describe, expect, it } from "vitest";
import { choicesFrom } from "./device-choices.js";

describe("choicesFrom", () => {
  it("keeps what has the right type and drops the rest", () => {
    const choices = choicesFrom({ name: "Ada", microphoneId: 7, cameraOn: false, microphoneOn: "no", other: 1 });
    expect(choices).toEqual({
      name: "Ada",
      microphoneId: "",
      cameraId: "",
      speakerId: "",
      microphoneOn: true,
      cameraOn: false,
    });
  });

  it.each([null, 3, "x", []])("starts anew from %j", (stored) => {
    expect(choicesFrom(stored).name).toBe("");
  });
});
