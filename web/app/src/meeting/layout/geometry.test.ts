import { describe, expect, it } from "vitest";
import { cornerRect, GAP, gridCapacity, gridRects, planGrid, planStage, type Box, type Rect } from "./geometry.js";

const DESKTOP: Box = { width: 1408, height: 790 };
const PHONE: Box = { width: 374, height: 660 };
const BOXES = [DESKTOP, PHONE, { width: 1024, height: 768 }, { width: 820, height: 300 }, { width: 300, height: 200 }];

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function isInside(rect: Rect, box: Box): boolean {
  return rect.x >= 0 && rect.y >= 0 && rect.x + rect.width <= box.width + 1 && rect.y + rect.height <= box.height + 1;
}

describe("gridRects", () => {
  it.each(BOXES)("keeps all tiles inside $width × $height and apart", (box) => {
    for (let count = 1; count <= gridCapacity(box); count += 1) {
      const rects = gridRects(count, box);
      expect(rects).toHaveLength(count);
      for (const [index, rect] of rects.entries()) {
        expect(isInside(rect, box)).toBe(true);
        for (const other of rects.slice(index + 1)) expect(overlap(rect, other)).toBe(false);
      }
    }
  });

  it("centres an unfinished last row", () => {
    const rects = gridRects(5, DESKTOP);
    const [last, beforeLast] = [rects[4], rects[3]];
    if (last === undefined || beforeLast === undefined) throw new Error("5 tiles expected");
    expect(beforeLast.x + last.x + last.width).toBeCloseTo(DESKTOP.width, -1);
  });
});

describe("planGrid", () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 2],
    [5, 3],
    [9, 3],
    [16, 4],
  ])("shows %i people in %i columns on a desktop", (count, columns) => {
    expect(planGrid(count, DESKTOP).columns).toBe(columns);
  });

  it.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [6, 2],
    [8, 2],
  ])("shows %i people in %i columns on a phone held upright", (count, columns) => {
    expect(planGrid(count, PHONE).columns).toBe(columns);
  });

  it("never makes tiles wider than 16:9", () => {
    for (const box of BOXES) {
      for (let count = 1; count <= 25; count += 1) {
        const { tile } = planGrid(count, box);
        if (tile.height > 0) expect(tile.width / tile.height).toBeLessThanOrEqual(16 / 9 + 1e-9);
      }
    }
  });
});

describe("gridCapacity", () => {
  it("is bounded on a big screen and at least one on a tiny one", () => {
    expect(gridCapacity({ width: 3840, height: 2160 })).toBe(25);
    expect(gridCapacity({ width: 60, height: 40 })).toBe(1);
    expect(gridCapacity(PHONE)).toBeLessThanOrEqual(12);
  });
});

describe("planStage", () => {
  it.each(BOXES)("keeps the strip apart from the stage in $width × $height", (box) => {
    const plan = planStage(box, true);
    const strip = plan.strip(Math.min(3, plan.capacity));
    for (const rect of strip) {
      expect(overlap(rect, plan.main)).toBe(false);
      expect(isInside(rect, box)).toBe(true);
    }
  });

  it("puts the strip beside the stage on a desktop and below it on a phone", () => {
    const desktop = planStage(DESKTOP, true);
    expect(desktop.strip(1)[0]?.x).toBeGreaterThan(desktop.main.width);
    const phone = planStage(PHONE, true);
    expect(phone.strip(1)[0]?.y).toBeGreaterThanOrEqual(phone.main.height + GAP - 1);
  });

  it("gives everything to the stage when there is nothing else", () => {
    expect(planStage(DESKTOP, false).main).toEqual({ x: 0, y: 0, ...DESKTOP });
  });
});

describe("cornerRect", () => {
  it.each(BOXES)("lies inside $width × $height", (box) => {
    expect(isInside(cornerRect(box), box)).toBe(true);
  });
});
