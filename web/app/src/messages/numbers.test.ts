import { describe, expect, it } from "vitest";
import { bitrateText, bytesText, millisecondsText, percentText } from "./numbers.js";

describe("numbers with units", () => {
  it.each([
    [0, "0 kbit/s"],
    [32_400, "32 kbit/s"],
    [999_400, "999 kbit/s"],
    [999_600, "1.0 Mbit/s"],
    [2_450_000, "2.5 Mbit/s"],
  ])("writes a bit rate of %d", (value, text) => {
    expect(bitrateText(value, "en")).toBe(text);
  });

  it.each([
    [0, "0 %"],
    [0.004, "0.4 %"],
    [0.123, "12 %"],
    [1, "100 %"],
  ])("writes a share of %d", (value, text) => {
    expect(percentText(value, "en")).toBe(text);
  });

  it.each([
    [0, "0 kB"],
    [1, "1 kB"],
    [999_400, "1,000 kB"],
    [1_250_000, "1.3 MB"],
    [999_949_999, "999.9 MB"],
    [3_440_000_000, "3.4 GB"],
  ])("writes a size of %d", (value, text) => {
    expect(bytesText(value, "en")).toBe(text);
  });

  it("follows the language", () => {
    expect(bitrateText(1_250_000, "de")).toBe("1,3 Mbit/s");
    expect(millisecondsText(0.0484, "de")).toBe("48 ms");
  });
});
