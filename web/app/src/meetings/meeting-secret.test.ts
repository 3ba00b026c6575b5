import { newMeetingSecret } from "@parley/sdk";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { meetingPath } from "./meeting-link.js";
import { rememberSecret, secretIn, secretOf } from "./meeting-secret.js";

describe("a meeting's secret", () => {
  let stored: Map<string, string>;

  beforeEach(() => {
    stored = new Map();
    vi.stubGlobal("localStorage", {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("is found in a link and in a place's fragment", () => {
    const secret = newMeetingSecret();
    expect(secretIn(`https://meet.example.org/m/abc-defg-hjk#k=${secret}`)).toBe(secret);
    expect(secretIn(`#k=${secret}`)).toBe(secret);
  });

  it.each(["", "#k=", "#k=short", "https://meet.example.org/m/abc-defg-hjk", `#k=${"!".repeat(43)}`])("is not in %j", (text) => {
    expect(secretIn(text)).toBeNull();
  });

  it("is remembered, and is in the meeting's path then", () => {
    const secret = newMeetingSecret();
    expect(meetingPath("abc-defg-hjk")).toBe("/m/abc-defg-hjk");
    rememberSecret("abc-defg-hjk", secret);
    expect(secretOf("abc-defg-hjk")).toBe(secret);
    expect(meetingPath("abc-defg-hjk")).toBe(`/m/abc-defg-hjk#k=${secret}`);
    for (let count = 0; count < 100; count++) rememberSecret(`m${count}`, newMeetingSecret());
    expect(secretOf("abc-defg-hjk")).toBeNull();
    expect(secretOf("m0")).not.toBeNull();
  });

  it.each(["not JSON", '{"a":1}', '[["m","short"],[1,2],"x"]'])("is not taken from %j", (text) => {
    stored.set("parley.secrets", text);
    expect(secretOf("m")).toBeNull();
  });
});
