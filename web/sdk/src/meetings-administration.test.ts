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

describe("MeetingsAdministration", () => {
  it("asks for usage as it is told to, and for no more", async () => {
    answer = { items: [{ period: "2026-11", participant_minutes: 90 }] };
    const { meetingsAdministration } = new ParleyApi();
    const [month] = await meetingsAdministration.usage({ by: "month", from: "2026-01-01" });
    expect(month?.participantMinutes).toBe(90);
    await meetingsAdministration.usage();
    expect(asked).toEqual(["GET /v1/meetings/usage?by=month&from=2026-01-01", "GET /v1/meetings/usage?"]);
  });

  it("leaves a fact as the room has written it", async () => {
    answer = { id: "f", event_type: "chat_sent", set_aside_at: "2026-11-29T08:00:00Z", fact: { meeting_id: "m" } };
    const fact = await new ParleyApi().meetingsAdministration.setAsideFact("f");
    expect(fact.eventType).toBe("chat_sent");
    expect(fact.fact).toEqual({ meeting_id: "m" });
  });

  it("says why a fact cannot be taken, and nothing where it is", async () => {
    const { meetingsAdministration } = new ParleyApi();
    answer = { taken: false, reason: "no such event" };
    expect(await meetingsAdministration.retryFact("f")).toBe("no such event");
    answer = { taken: true, reason: null };
    expect(await meetingsAdministration.retryFact("f")).toBeNull();
  });
});
