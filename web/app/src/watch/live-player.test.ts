import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LivePlayer, type Phase } from "./live-player.js";
import { isWatchKey } from "./watch-link.js";

class SilentVideo extends EventTarget {
  src = "";
  muted = false;
  load = (): void => undefined;
  play = (): Promise<void> => Promise.resolve();
  canPlayType = (): string => "";
  removeAttribute = (): void => undefined;
}

function playerOf(answers: number[]) {
  const phases: Phase[] = [];
  const asked: string[] = [];
  const player = new LivePlayer({
    video: new SilentVideo() as unknown as HTMLVideoElement,
    url: "/live/k/index.m3u8",
    onPhase: (phase) => phases.push(phase),
    ask: (url) => {
      asked.push(url);
      const status = answers.length > 1 ? answers.shift() : answers[0];
      return status === 0 ? Promise.reject(new TypeError("no network")) : Promise.resolve({ ok: status === 200, status: status ?? 0 });
    },
  });
  return { player, phases, asked };
}

describe("LivePlayer", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("waits for the beginning, and says after a while that there is nothing, and still waits", async () => {
    const { player, phases, asked } = playerOf([404]);
    player.start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(phases).toEqual(["waiting"]);
    expect(asked.length).toBe(6);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(phases).toEqual(["waiting", "gone"]);
    const before = asked.length;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(asked.length - before, "less often").toBeLessThanOrEqual(2);
    player.destroy();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.length - before, "and no more once the page is left").toBeLessThanOrEqual(2);
  });

  it("takes a lost network for a pause, and what has ended for the end", async () => {
    const { player, phases, asked } = playerOf([0, 503, 410]);
    player.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(phases).toEqual(["waiting", "ended"]);
    expect(asked.length).toBe(3);
  });

  it("says so where nothing can play it", async () => {
    const { player, phases } = playerOf([200]);
    player.start();
    await vi.waitFor(() => {
      expect(phases).toEqual(["unplayable"]);
    });
  });
});

describe("isWatchKey", () => {
  it("knows what a key looks like", () => {
    expect(isWatchKey("n3Xk0bZ1Vt9mQe7hLp2sAg")).toBe(true);
    for (const other of ["", "short", "n3Xk0bZ1Vt9mQe7hLp2sA/", "n3Xk0bZ1Vt9mQe7hLp2sAgg"]) expect(isWatchKey(other)).toBe(false);
  });
});
