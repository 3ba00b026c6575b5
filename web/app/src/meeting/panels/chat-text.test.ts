import { describe, expect, it } from "vitest";

import { partsOf } from "./chat-text";

describe("partsOf", () => {
  it("finds links without the punctuation behind them", () => {
    expect(partsOf("see https://example.org/a?b=1, or (http://x.test/).")).toEqual([
      { kind: "text", text: "see " },
      { kind: "link", text: "https://example.org/a?b=1" },
      { kind: "text", text: ", or (" },
      { kind: "link", text: "http://x.test/" },
      { kind: "text", text: ")." },
    ]);
  });

  it.each(["javascript:alert(1)", "data:text/html,x", "plain", "", "ftp://x.test"])("makes no link of %j", (text) => {
    expect(partsOf(text).every((part) => part.kind === "text")).toBe(true);
  });

  it("loses nothing", () => {
    for (const text of ["a https://b.test c", "https://b.test", "x\ny https://b.test/?q=<i>"]) {
      expect(
        partsOf(text)
          .map((part) => part.text)
          .join(""),
      ).toBe(text);
    }
  });
});
