import { describe, expect, it } from "vitest";
import { linePath, niceMaximum, thinned, type Scale } from "./geometry.js";

const scale: Scale = { from: 0, until: 10_000, maximum: 10, width: 100, height: 50 };

describe("linePath", () => {
  it("goes from the left, and up with the value", () => {
    const points = [
      { at: 0, value: 0 },
      { at: 5_000, value: 10 },
      { at: 10_000, value: 5 },
    ];
    expect(linePath(points, scale)).toBe("M0 50L50 0L100 25");
    expect(linePath(points, scale, true)).toBe("M0 50H50V0H100V25");
  });

  it("joins what is as far apart as the graph says", () => {
    const days = [
      { at: 0, value: 1 },
      { at: 10_000, value: 2 },
    ];
    expect(linePath(days, { ...scale, gap: 10_000 })).toBe("M0 45L100 40");
  });

  it("leaves a gap where nothing is known, and where nobody looked", () => {
    const unknown = [
      { at: 0, value: 1 },
      { at: 2_000, value: null },
      { at: 4_000, value: 1 },
    ];
    expect(linePath(unknown, scale)).toBe("M0 45M40 45");
    const away = [
      { at: 0, value: 1 },
      { at: 9_000, value: 1 },
    ];
    expect(linePath(away, scale)).toBe("M0 45M90 45");
  });

  it("leaves out what is older than the graph, and stays inside it", () => {
    const points = [
      { at: -1, value: 1 },
      { at: 1_000, value: 99 },
    ];
    expect(linePath(points, scale)).toBe("M10 0");
    expect(linePath([], scale)).toBe("");
  });
});

describe("niceMaximum", () => {
  it.each([
    [[1, 3, null], 1, 5],
    [[0.004], 0.05, 0.05],
    [[1_900_000], 100_000, 2_000_000],
    [[], 100, 100],
    [[1000], 1, 1000],
  ])("of %j, at least %d", (values, least, maximum) => {
    expect(niceMaximum(values, least)).toBeCloseTo(maximum, 10);
  });
});

describe("thinned", () => {
  it("keeps the newest and as many others as fit", () => {
    expect(thinned([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([1, 4, 7]);
    expect(thinned([1, 2], 5)).toEqual([1, 2]);
  });
});
