import { describe, expect, it } from "vitest";
import { safePath } from "./safe-path.js";

describe("safePath", () => {
  it.each(["/", "/live", "/m/abc-defg-hjk", "/account/security?x=1"])("leads to %s", (path) => {
    expect(safePath(path)).toBe(path);
  });

  it.each([null, "", "https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "live"])(
    "leads from %s to the start page",
    (path) => {
      expect(safePath(path)).toBe("/");
    },
  );
});
