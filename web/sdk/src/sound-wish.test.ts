import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ParleyError } from "./errors.js";
import { SoundWish } from "./sound-wish.js";

describe("SoundWish", () => {
  let sent: string[];
  let fails: string[];
  let refused: string[];
  let wish: SoundWish;
  beforeEach(() => {
    vi.useFakeTimers();
    sent = [];
    fails = [];
    refused = [];
    wish = new SoundWish(
      (form) => {
        sent.push(form);
        const code = fails.shift();
        return code === undefined ? Promise.resolve() : Promise.reject(new ParleyError(code, "no"));
      },
      (reason) => refused.push(reason),
    );
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("says nothing again of what is so at first", async () => {
    wish.again();
    await vi.runAllTimersAsync();
    expect(sent).toEqual([]);
  });

  it("says again to who has forgotten that sound is wanted mixed, until it is heard", async () => {
    await wish.set("mixed");
    fails = ["no_media_node", "network"];
    wish.again();
    await vi.runAllTimersAsync();
    expect(sent).toEqual(["mixed", "mixed", "mixed", "mixed"]);
    await wish.set("separate");
    wish.again();
    await vi.runAllTimersAsync();
    expect(sent).toHaveLength(5);
  });

  it("wants what it wanted before where that is refused", async () => {
    fails = ["mixed_sound_unavailable"];
    await expect(wish.set("mixed")).rejects.toThrow();
    wish.again();
    await vi.runAllTimersAsync();
    expect(sent).toHaveLength(1);
    expect(refused).toEqual([]);
  });

  it("tells why sound is not mixed where media has begun anew, and asks no more", async () => {
    await wish.set("mixed");
    fails = ["mixed_sound_unavailable"];
    wish.again();
    await vi.runAllTimersAsync();
    expect(refused).toEqual(["no_mixer"]);
    wish.again();
    await vi.runAllTimersAsync();
    expect(sent).toHaveLength(2);
  });

  it("asks nobody for a room that is closed", async () => {
    await wish.set("mixed");
    wish.close();
    wish.again();
    await vi.runAllTimersAsync();
    expect(sent).toHaveLength(1);
  });
});
