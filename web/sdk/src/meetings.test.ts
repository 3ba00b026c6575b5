import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ParleyApi } from "./api.js";

describe("Meetings", () => {
  const sent: { method: string; path: string; headers: Headers; body: unknown }[] = [];
  let answer: Response;

  beforeEach(() => {
    sent.length = 0;
    answer = new Response(JSON.stringify({ host_id: "u_1" }), { headers: { ETag: '"3"' } });
    vi.stubGlobal("fetch", (path: string, { method, headers, body }: RequestInit) => {
      sent.push({
        method: method ?? "",
        path,
        headers: new Headers(headers),
        body: typeof body === "string" ? JSON.parse(body) : null,
      });
      return Promise.resolve(answer.clone());
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("asks for a list as it is narrowed", async () => {
    await new ParleyApi().meetings.list("hosted", { title: "a&b", limit: 10 }, "c/1");
    expect(sent[0]?.path).toBe("/v1/meetings?list=hosted&title=a%26b&limit=10&cursor=c%2F1");
  });

  it("deletes with a word on recordings, or without", async () => {
    const { meetings } = new ParleyApi();
    await meetings.delete("m/1", '"3"', "keep");
    await meetings.delete("m/1");
    expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "DELETE /v1/meetings/m%2F1?recordings=keep",
      "DELETE /v1/meetings/m%2F1",
    ]);
    expect(sent[0]?.headers.get("If-Match")).toBe('"3"');
  });

  it("writes a new meeting as the service reads it, under the request's name", async () => {
    const schedule = { start: "2026-12-07T09:00:00", timeZone: "Europe/Berlin", durationMinutes: 30, rule: null };
    await new ParleyApi().meetings.create({ title: "T", settings: { guestsAllowed: false }, schedule }, "key-1");
    expect(sent[0]?.headers.get("Idempotency-Key")).toBe("key-1");
    expect(sent[0]?.body).toEqual({
      title: "T",
      settings: { guests_allowed: false },
      schedule: { start: "2026-12-07T09:00:00", time_zone: "Europe/Berlin", duration_minutes: 30, rule: null },
    });
  });

  it("changes the version that was read, and tells the new one", async () => {
    const changed = await new ParleyApi().meetings.change("a-b", { description: null }, '"2"');
    expect(sent[0]).toMatchObject({ method: "PATCH", path: "/v1/meetings/a-b", body: { description: null } });
    expect(sent[0]?.headers.get("If-Match")).toBe('"2"');
    expect(changed).toEqual({ value: { hostId: "u_1" }, version: '"3"' });
  });

  it("gives a meeting away, and lifts a ban", async () => {
    const { meetings } = new ParleyApi();
    await meetings.transfer("a-b", "u_2", "Bob");
    await meetings.transfer("a-b", "u_2");
    await meetings.bans("a-b", "c/1");
    await meetings.liftBan("a-b", "g_/1");
    expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v1/meetings/a-b/transfer",
      "POST /v1/meetings/a-b/transfer",
      "GET /v1/meetings/a-b/bans?limit=20&cursor=c%2F1",
      "DELETE /v1/meetings/a-b/bans/g_%2F1",
    ]);
    expect(sent.slice(0, 2).map(({ body }) => body)).toEqual([{ user_id: "u_2", name: "Bob" }, { user_id: "u_2" }]);
  });

  it("keeps a table as the service has written it", async () => {
    answer = new Response("name,seconds\r\nAda,5\r\n");
    const table = await new ParleyApi().meetings.attendanceTable("a-b", 2);
    expect(sent[0]?.path).toBe("/v1/meetings/a-b/sessions/2/attendance.csv");
    expect(await table.text()).toBe("name,seconds\r\nAda,5\r\n");
    answer = new Response(JSON.stringify({ code: "not_found" }), { status: 404 });
    await expect(new ParleyApi().meetings.attendanceTable("a-b", 3)).rejects.toMatchObject({ code: "not_found" });
  });

  it("knows a personal room that was not made yet from a failure", async () => {
    answer = new Response(JSON.stringify({ code: "meeting_not_found" }), { status: 404 });
    expect(await new ParleyApi().meetings.personal()).toBeNull();
    answer = new Response(JSON.stringify({ code: "service_unavailable" }), { status: 503 });
    await expect(new ParleyApi().meetings.personal()).rejects.toMatchObject({ code: "service_unavailable" });
  });

  it("answers to the meeting, or to one time of it", async () => {
    const { invitations } = new ParleyApi().meetings;
    await invitations.answer("a-b", "accepted");
    answer = new Response("{}");
    await invitations.answer("a-b", "declined", "2026-12-14T09:00:00");
    expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual(Array(2).fill("PUT /v1/meetings/a-b/answer"));
    expect(sent.map(({ body }) => body)).toEqual([
      { answer: "accepted" },
      { answer: "declined", occurrence: "2026-12-14T09:00:00" },
    ]);
  });

  it("changes one time of a series, of the version that was read", async () => {
    const { series } = new ParleyApi().meetings;
    await series.change("a-b", "2026-12-14T09:00:00", { durationMinutes: null, cancelled: true }, '"2"');
    expect(sent[0]).toMatchObject({
      method: "PATCH",
      path: "/v1/meetings/a-b/occurrences/2026-12-14T09%3A00%3A00",
      body: { duration_minutes: null, cancelled: true },
    });
    expect(sent[0]?.headers.get("If-Match")).toBe('"2"');
    answer = new Response(JSON.stringify({ items: [], next_cursor: null }));
    await series.occurrences("a-b", { after: "2026-12-14T09:00:00Z", limit: 5 });
    expect(sent[1]?.path).toBe("/v1/meetings/a-b/occurrences?limit=5&after=2026-12-14T09%3A00%3A00Z");
    answer = new Response(JSON.stringify({ items: [], next_cursor: "d" }));
    expect(await series.occurrences("a-b", { cursor: "c" })).toEqual({ items: [], nextCursor: "d" });
    expect(sent[2]?.path).toBe("/v1/meetings/a-b/occurrences?limit=20&cursor=c");
  });

  it("reads the times that people met page by page", async () => {
    answer = new Response(JSON.stringify({ items: [{ number: 3, started_at: null }], next_cursor: "d" }));
    const page = await new ParleyApi().meetings.sessions("a-b", "c", 5);
    expect(page).toEqual({ items: [{ number: 3, startedAt: null }], nextCursor: "d" });
    expect(sent[0]?.path).toBe("/v1/meetings/a-b/sessions?limit=5&cursor=c");
  });

  it("changes a prepared poll as it is known, and names what is made twice", async () => {
    const { prepared } = new ParleyApi().meetings;
    const text = { question: "?", options: ["a", "b"], multiple: false };
    await prepared.addPoll("m/1", text, "key-1");
    await prepared.changePoll("m/1", { ...text, id: "pp/1", version: 4, lastUse: null }, { multiple: true });
    answer = new Response(JSON.stringify({ items: [{ id: "pp_1", last_use: { poll_id: "q" } }] }));
    expect(await prepared.orderPolls("m/1", ["pp_1"])).toEqual([{ id: "pp_1", lastUse: { pollId: "q" } }]);
    expect(sent.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v1/meetings/m%2F1/prepared/polls",
      "PATCH /v1/meetings/m%2F1/prepared/polls/pp%2F1",
      "PUT /v1/meetings/m%2F1/prepared/poll-order",
    ]);
    expect(sent[0]?.headers.get("Idempotency-Key")).toBe("key-1");
    expect(sent[1]?.headers.get("If-Match")).toBe('"4"');
    expect(sent.map(({ body }) => body)).toEqual([text, { multiple: true }, { ids: ["pp_1"] }]);
  });
});
