import { describe, expect, it } from "vitest";
import { firstPassword, randomOctet } from "./first-password.js";

describe("firstPassword", () => {
  it("is long enough to be nobody's guess, and is read out without doubt", () => {
    const made = new Set(Array.from({ length: 200 }, () => firstPassword(randomOctet)));
    expect(made.size).toBe(200);
    for (const password of made) expect(password).toMatch(/^[a-hjkmnp-tw-z2-9]{4}(-[a-hjkmnp-tw-z2-9]{4}){3}$/);
  });

  it("passes over octets that would make some letters more likely", () => {
    const octets = [255, 232, 0, ...Array<number>(15).fill(231)];
    expect(firstPassword(() => octets.shift() ?? -1)).toBe("a999-9999-9999-9999");
    expect(octets).toEqual([]);
  });
});
