import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ParleyApi } from "./api.js";

let asked: string[] = [];
let answer: unknown;

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", (path: string, { method }: RequestInit) => {
    asked.push(`${method ?? ""} ${path}`);
    return Promise.resolve(new Response(JSON.stringify(answer)));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe("Recordings", () => {
  it("gives those of one session, and where the meeting's others go on", async () => {
    answer = { items: [{ id: "a", session: 1 }, { id: "b", session: 2 }], next_cursor: "c" };
    const page = await new ParleyApi().recordings.ofMeeting("m", 2);
    expect(page).toEqual({ items: [{ id: "b", session: 2 }], nextCursor: "c" });
    expect(asked).toEqual(["GET /v1/meetings/m/recordings?limit=50"]);
  });
});
