import { describe, expect, it } from "vitest";
import { suggestedPasskeyName } from "./passkey-names.js";

describe("suggestedPasskeyName", () => {
  it.each([
    ["Mozilla/5.0 (Linux; Android 16; Pixel 10) AppleWebKit/537.36 Chrome/150 Mobile Safari/537.36", "Android"],
    ["Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605 Safari/604", "iPhone"],
    ["Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Safari/605", "Mac"],
    ["Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Linux"],
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/150", "Windows"],
    ["", "Passkey"],
  ])("%j is called %s", (userAgent, name) => {
    expect(suggestedPasskeyName(userAgent)).toBe(name);
  });
});
