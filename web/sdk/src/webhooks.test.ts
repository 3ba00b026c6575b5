import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ParleyApi } from "./api.js";

describe("Webhooks", () => {
  const sent: { method: string; path: string; headers: Headers; body: unknown }[] = [];
  let answer: unknown;

  beforeEach(() => {
    sent.length = 0;
    answer = { id: "wh_1", disabled_because: null };
    vi.stubGlobal("fetch", (path: string, { method, headers, body }: RequestInit) => {
      sent.push({
        method: method ?? "",
        path,
        headers: new Headers(headers),
        body: typeof body === "string" ? JSON.parse(body) : null,
      });
      return Promise.resolve(new Response(JSON.stringify(answer), { headers: { ETag: '"4"' } }));
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("makes one under the request's name", async () => {
    const wanted = { url: "https://a.example", events: ["meeting.started"], meetings: "all" } as const;
    await new ParleyApi().webhooks.create(wanted, "key-1");
    expect(sent[0]).toMatchObject({ method: "POST", path: "/v1/meetings/webhooks", body: wanted });
    expect(sent[0]?.headers.get("Idempotency-Key")).toBe("key-1");
  });

  it("changes the version that was read, and tells the new one", async () => {
    const changed = await new ParleyApi().webhooks.change("wh_1", { enabled: false }, '"3"');
    expect(sent[0]).toMatchObject({ method: "PATCH", path: "/v1/meetings/webhooks/wh_1", body: { enabled: false } });
    expect(sent[0]?.headers.get("If-Match")).toBe('"3"');
    expect(changed).toEqual({ value: { id: "wh_1", disabledBecause: null }, version: '"4"' });
  });

  it("narrows the log to a state, where one is given", async () => {
    await new ParleyApi().webhooks.deliveries("wh_1", { state: "failed" }, "c/1");
    await new ParleyApi().webhooks.deliveries("wh_1", { limit: 1 });
    expect(sent.map(({ path }) => path)).toEqual([
      "/v1/meetings/webhooks/wh_1/deliveries?state=failed&cursor=c%2F1&limit=50",
      "/v1/meetings/webhooks/wh_1/deliveries?limit=1",
    ]);
  });

  it("leaves a message as its receiver sees it", async () => {
    answer = { id: "msg_1", attempt_count: 1, attempts: [{ duration_ms: 5 }], payload: { data: { meeting: { host_id: "u_1" } } } };
    expect(await new ParleyApi().webhooks.redeliver("wh_1", "msg_1")).toEqual({
      id: "msg_1",
      attemptCount: 1,
      attempts: [{ durationMs: 5 }],
      payload: { data: { meeting: { host_id: "u_1" } } },
    });
    expect(sent[0]).toMatchObject({ method: "POST", path: "/v1/meetings/webhooks/wh_1/deliveries/msg_1/redeliver" });
  });
});
