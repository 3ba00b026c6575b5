import type { Delivery, DeliveryAttempt, DeliveryState } from "@parley/sdk";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { outcomeOf } from "./outcome.js";

function delivery(state: DeliveryState, ...times: string[]): Delivery {
  const attempts = times.map((at): DeliveryAttempt => ({ at, durationMs: 1, status: 503, error: null, excerpt: "" }));
  const about = { id: "msg_1", event: "webhook.test", createdAt: "2026-12-01T00:00:00Z", nextAttemptAt: null, payload: {} };
  return { ...about, state, attempts, attemptCount: attempts.length, lastAttempt: attempts.at(-1) ?? null };
}

describe("outcomeOf", () => {
  const going = new AbortController().signal;

  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function ofAnswers(sent: Delivery, answers: readonly Delivery[], signal = going) {
    let asked = 0;
    const outcome = outcomeOf(sent, () => Promise.resolve(answers[Math.min(asked++, answers.length - 1)] ?? sent), signal);
    await vi.runAllTimersAsync();
    return { newest: await outcome, asked };
  }

  it("is what became of it at the next attempt", async () => {
    const done = delivery("delivered", "1", "2");
    const sent = delivery("pending", "1");
    expect(await ofAnswers(sent, [sent, sent, done])).toEqual({ newest: done, asked: 3 });
  });

  it("is a failure, too, after which it is tried again later", async () => {
    const again = delivery("pending", "1", "2");
    expect(await ofAnswers(delivery("pending", "1"), [again])).toEqual({ newest: again, asked: 1 });
  });

  it("does not wait for ever", async () => {
    const sent = delivery("pending");
    const { newest, asked } = await ofAnswers(sent, [sent]);
    expect(newest).toBe(sent);
    expect(asked).toBeGreaterThan(20);
    expect(asked).toBeLessThan(40);
  });

  it("asks no more for somebody who has gone", async () => {
    const gone = new AbortController();
    gone.abort();
    const sent = delivery("pending");
    expect(await ofAnswers(sent, [sent], gone.signal)).toEqual({ newest: sent, asked: 0 });
  });

  it("tells that it could not be asked", async () => {
    const outcome = outcomeOf(delivery("pending"), () => Promise.reject(new Error("no")), going);
    const refused = expect(outcome).rejects.toThrow("no");
    await vi.runAllTimersAsync();
    await refused;
  });
});
