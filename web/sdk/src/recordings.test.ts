import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ParleyApi } from "./api.js";

let asked: string[] = [];
let answer: unknown;

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", (path: string, { method, headers }: RequestInit) => {
    const condition = new Headers(headers).get("If-Match");
    asked.push(`${method ?? ""} ${path}${condition === null ? "" : ` ${condition}`}`);
    return Promise.resolve(new Response(JSON.stringify(answer), { headers: { ETag: '"2"' } }));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe("Recordings", () => {
  it("asks for those of one session", async () => {
    answer = { items: [{ id: "b", session: 2 }], next_cursor: "c" };
    const page = await new ParleyApi().recordings.ofMeeting("m", 2);
    expect(page).toEqual({ items: [{ id: "b", session: 2 }], nextCursor: "c" });
    await new ParleyApi().recordings.ofMeeting("m");
    expect(asked).toEqual(["GET /v1/meetings/m/recordings?session=2&limit=50", "GET /v1/meetings/m/recordings?limit=50"]);
  });

  it("renames the version that was read, and tells the new one", async () => {
    answer = { id: "rec_1", title: "Talk" };
    const renamed = await new ParleyApi().recordings.rename("rec_1", "Talk", '"1"');
    expect(asked).toEqual(['PATCH /v1/meetings/recordings/rec_1 "1"']);
    expect(renamed).toEqual({ value: { id: "rec_1", title: "Talk" }, version: '"2"' });
  });
});
