import type { Page } from "@parley/sdk";
import { describe, expect, it, vi } from "vitest";
import { filledPage } from "./usePages.js";

/** A list whose pages are known by the cursor that leads to them. */
function listOf(pages: Readonly<Record<string, Page<string>>>) {
  return vi.fn((cursor?: string): Promise<Page<string>> => {
    const page = pages[cursor ?? "first"];
    return page === undefined ? Promise.reject(new Error(`no page ${String(cursor)}`)) : Promise.resolve(page);
  });
}

describe("filledPage", () => {
  it("passes over empty pages, and stops at the first that holds something", async () => {
    const load = listOf({
      first: { items: [], nextCursor: "a" },
      a: { items: [], nextCursor: "b" },
      b: { items: ["x"], nextCursor: "c" },
    });
    expect(await filledPage(load)).toEqual({ items: ["x"], nextCursor: "c" });
    expect(load.mock.calls).toEqual([[undefined], ["a"], ["b"]]);
  });

  it("is empty where the list ends with nothing", async () => {
    const load = listOf({ first: { items: [], nextCursor: "a" }, a: { items: [], nextCursor: null } });
    expect(await filledPage(load)).toEqual({ items: [], nextCursor: null });
  });

  it.each([undefined, "a"])("ends where the cursor stands still, begun at %s", async (begin) => {
    const load = listOf({ first: { items: [], nextCursor: "a" }, a: { items: [], nextCursor: "a" } });
    expect(await filledPage(load, begin)).toEqual({ items: [], nextCursor: null });
    expect(load).toHaveBeenCalledTimes(begin === undefined ? 2 : 1);
  });
});
