import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ParleyError } from "./errors.js";
import { WishBatch, type Wish } from "./wishes.js";

describe("WishBatch", () => {
  let sent: Wish[][];
  let limits: (number | null)[];
  let fails: boolean | "network";
  let batch: WishBatch;
  beforeEach(() => {
    vi.useFakeTimers();
    sent = [];
    limits = [];
    fails = false;
    batch = new WishBatch((wishes, maxCameras) => {
      sent.push(wishes);
      limits.push(maxCameras);
      if (fails === "network") return Promise.reject(new ParleyError("network", "The meeting does not answer."));
      return fails ? Promise.reject(new Error("no")) : Promise.resolve();
    });
    batch.open();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("sends the outcome of a burst, and only news", async () => {
    batch.add([{ trackId: "t", enabled: false }]);
    batch.add([{ trackId: "t", enabled: true, maxHeight: 360 }]);
    await vi.runAllTimersAsync();
    batch.add([{ trackId: "t", enabled: true, maxHeight: 360 }]);
    await vi.runAllTimersAsync();
    expect(sent).toEqual([[{ trackId: "t", enabled: true, maxHeight: 360 }]]);
  });

  it("says again what could not be sent", async () => {
    fails = true;
    batch.add([{ trackId: "t", enabled: false }]);
    await vi.runAllTimersAsync();
    fails = false;
    batch.add([{ trackId: "t", enabled: false }]);
    await vi.runAllTimersAsync();
    expect(sent).toHaveLength(2);
  });

  it("says again by itself, when the connection is back, what could not be sent", async () => {
    fails = true;
    batch.add([{ trackId: "t", enabled: false }]);
    await vi.runAllTimersAsync();
    fails = false;
    batch.open();
    await vi.runAllTimersAsync();
    expect(sent).toEqual([[{ trackId: "t", enabled: false }], [{ trackId: "t", enabled: false }]]);
  });

  it("says again by itself what got no answer, with what has changed meanwhile", async () => {
    fails = "network";
    batch.add([{ trackId: "t", enabled: false }, { trackId: "other", enabled: false }]);
    await vi.advanceTimersByTimeAsync(500);
    fails = false;
    batch.add([{ trackId: "t", enabled: true }]);
    await vi.runAllTimersAsync();
    expect(sent.slice(1)).toEqual([[{ trackId: "t", enabled: true }, { trackId: "other", enabled: false }]]);
  });

  it("says everything again to who has forgotten", async () => {
    batch.add([{ trackId: "t", enabled: false }]);
    await vi.runAllTimersAsync();
    batch.forget();
    await vi.runAllTimersAsync();
    expect(sent).toHaveLength(2);
  });

  it("says how many cameras are wanted once, and again to who has forgotten or has not heard it", async () => {
    batch.add([{ trackId: "t", enabled: true }]);
    await vi.runAllTimersAsync();
    batch.limitCameras(4);
    await vi.runAllTimersAsync();
    batch.add([{ trackId: "t", enabled: true, pinned: true }]);
    await vi.runAllTimersAsync();
    expect(sent[2]).toEqual([{ trackId: "t", enabled: true, pinned: true }]);
    batch.forget();
    await vi.runAllTimersAsync();
    fails = true;
    batch.limitCameras(0);
    await vi.runAllTimersAsync();
    fails = false;
    batch.open();
    await vi.runAllTimersAsync();
    expect(limits).toEqual([null, 4, null, 4, 0, 0]);
  });

  it("waits until it is open, and sends nothing when closed", async () => {
    batch.close();
    batch.add([{ trackId: "t", enabled: false }]);
    await vi.runAllTimersAsync();
    expect(sent).toEqual([]);
    batch.open();
    await vi.runAllTimersAsync();
    expect(sent).toHaveLength(1);
  });
});
