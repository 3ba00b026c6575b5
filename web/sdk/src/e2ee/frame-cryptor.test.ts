import { describe, expect, it } from "vitest";

import { clearHeaderLength, trailerOf } from "./frame-crypto.js";
import type { TrackSource } from "../room-state.js";
import { FrameCryptor } from "./frame-cryptor.js";
import { freshKey, LAST_STEP, ratcheted, type SenderKey } from "./sender-keys.js";

/** A frame whose bytes all differ. */
const frameOf = (length: number) => Uint8Array.from({ length }, (_, at) => at % 251);

class Pair {
  readonly told: boolean[] = [];
  readonly sender = new FrameCryptor(() => undefined);
  readonly receiver = new FrameCryptor((_, isFailing) => this.told.push(isFailing));
  readonly video = this.receiver.decryptor("ada", "camera");

  async use(key: SenderKey): Promise<this> {
    await this.sender.setOwnKey(key);
    await this.receiver.addKey("ada", key);
    return this;
  }

  async encrypted(frame = frameOf(100), source: TrackSource = "camera", isKeyFrame = true): Promise<Uint8Array<ArrayBuffer>> {
    const made = await this.sender.encrypt(frame, source, isKeyFrame);
    if (made === null) throw new Error("not encrypted");
    return made;
  }
}

describe("frames", () => {
  it.each([
    ["camera", true, 10],
    ["camera", false, 3],
    ["microphone", false, 1],
  ] as const)("leave of %s (key frame: %s) the first %i bytes clear, and nothing else", async (kind, isKeyFrame, clear) => {
    const pair = await new Pair().use(freshKey(null));
    const frame = frameOf(200);
    const encrypted = await pair.encrypted(frame, kind, isKeyFrame);
    expect(clearHeaderLength(kind, isKeyFrame, frame.length)).toBe(clear);
    expect(encrypted.subarray(0, clear)).toEqual(frame.subarray(0, clear));
    expect(encrypted).toHaveLength(200 + 16 + 6);
    const hidden = encrypted.subarray(clear, -6).join();
    expect(hidden).not.toContain(frame.subarray(clear, clear + 8).join());
    expect(await pair.receiver.decryptor("ada", kind).decrypt(encrypted)).toEqual(frame);
  });

  it("of any length come back as they were", async () => {
    const pair = await new Pair().use(freshKey(null));
    for (const length of [0, 1, 2, 3, 9, 10, 11, 5000]) {
      expect(await pair.video.decrypt(await pair.encrypted(frameOf(length)))).toEqual(frameOf(length));
    }
  });

  it("are not encrypted, and not sent, without a key", async () => {
    expect(await new FrameCryptor(() => undefined).encrypt(frameOf(10), "camera", true)).toBeNull();
  });

  it("cannot be decrypted by another key, in another's name, or as from another source", async () => {
    const pair = await new Pair().use(freshKey(null));
    await pair.receiver.addKey("ben", freshKey(null));
    const encrypted = await pair.encrypted();
    expect(await pair.receiver.decryptor("ben", "camera").decrypt(encrypted)).toBeNull();
    expect(await pair.receiver.decryptor("cleo", "camera").decrypt(encrypted)).toBeNull();
    for (const source of ["microphone", "screen", "screen_audio"] as const) {
      expect(await pair.receiver.decryptor("ada", source).decrypt(encrypted), source).toBeNull();
    }
    expect(await pair.video.decrypt(encrypted)).toEqual(frameOf(100));
  });

  it("that have been changed anywhere are refused", async () => {
    const pair = await new Pair().use(freshKey(null));
    const encrypted = await pair.encrypted(frameOf(20));
    for (let at = 0; at < encrypted.length; at++) {
      const changed = Uint8Array.from(encrypted);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(await pair.video.decrypt(changed), `byte ${at}`).toBeNull();
    }
    for (let length = 0; length < encrypted.length; length++) expect(await pair.video.decrypt(encrypted.slice(0, length))).toBeNull();
  });

  it("that were sent in the clear are refused", async () => {
    const pair = await new Pair().use(freshKey(null));
    expect(await pair.video.decrypt(frameOf(300))).toBeNull();
  });

  it("come once, and may come late", async () => {
    const pair = await new Pair().use(freshKey(null));
    const frames = [];
    for (let count = 0; count < 5; count++) frames.push(await pair.encrypted(frameOf(10 + count)));
    for (const at of [0, 3, 1, 4, 2]) expect(await pair.video.decrypt(frames[at] ?? frameOf(0))).not.toBeNull();
    for (const frame of frames) expect(await pair.video.decrypt(frame)).toBeNull();
  });

  it("never use a number twice under one key, not even if the key is set again", async () => {
    const key = freshKey(null);
    const pair = await new Pair().use(key);
    const counters = [];
    for (let count = 0; count < 6; count++) {
      if (count === 3) await pair.sender.setOwnKey({ ...key });
      counters.push(trailerOf(await pair.encrypted(frameOf(5), count % 2 === 0 ? "microphone" : "camera"))?.counter);
    }
    expect(counters).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("tell when they go on failing, and when they are right again", async () => {
    const pair = await new Pair().use(freshKey(null));
    const other = await new Pair().use(freshKey(null));
    for (let count = 0; count < 12; count++) await pair.video.decrypt(await other.encrypted());
    expect(pair.told).toEqual([true]);
    await pair.video.decrypt(await pair.encrypted());
    expect(pair.told).toEqual([true, false]);
  });
});

describe("keys", () => {
  it("that a sender ratchets forward are known without a word, and frames under way as well", async () => {
    const key = freshKey(null);
    const pair = await new Pair().use(key);
    const before = await pair.encrypted();
    const next = await ratcheted(key);
    const last = next === null ? null : await ratcheted(next);
    if (last === null) throw new Error("no such step");
    await pair.sender.setOwnKey(last);
    expect(await pair.video.decrypt(await pair.encrypted())).not.toBeNull();
    expect(await pair.video.decrypt(before)).not.toBeNull();
  });

  it("do not lead back to what was before", async () => {
    const key = freshKey(null);
    const pair = await new Pair().use(key);
    const before = await pair.encrypted();
    const next = await ratcheted(key);
    if (next === null) throw new Error("no such step");
    const newcomer = new FrameCryptor(() => undefined);
    await newcomer.addKey("ada", next);
    expect(await newcomer.decryptor("ada", "camera").decrypt(before)).toBeNull();
    await pair.sender.setOwnKey(next);
    expect(await newcomer.decryptor("ada", "camera").decrypt(await pair.encrypted())).not.toBeNull();
  });

  it("that are fresh are nothing to whoever was not told them", async () => {
    const key = freshKey(null);
    const pair = await new Pair().use(key);
    const fresh = freshKey(key);
    await pair.sender.setOwnKey(fresh);
    const after = await pair.encrypted();
    expect(trailerOf(after)?.keyId).toBe(16);
    expect(await pair.video.decrypt(after)).toBeNull();
    await pair.receiver.addKey("ada", fresh);
    expect(await pair.video.decrypt(after)).not.toBeNull();
  });

  it("that are told again let nothing come twice", async () => {
    const key = freshKey(null);
    const pair = await new Pair().use(key);
    const frame = await pair.encrypted();
    await pair.video.decrypt(frame);
    await pair.receiver.addKey("ada", { ...key });
    expect(await pair.video.decrypt(frame)).toBeNull();
  });

  it("have so many steps, then a fresh one is due; epochs come round", async () => {
    let key: SenderKey | null = freshKey(null);
    for (let step = 0; step < LAST_STEP; step++) key = key === null ? null : await ratcheted(key);
    expect(key?.id).toBe(LAST_STEP);
    expect(key === null ? undefined : await ratcheted(key)).toBeNull();
    expect(freshKey({ id: 0xf3, secret: new Uint8Array(32) }).id).toBe(0);
  });

  it("of an epoch that comes round again count anew", async () => {
    const pair = new Pair();
    let key = freshKey(null);
    await pair.use(key);
    await pair.video.decrypt(await pair.encrypted());
    for (let epoch = 0; epoch < 16; epoch++) await pair.use((key = freshKey(key)));
    expect(key.id).toBe(0);
    expect(await pair.video.decrypt(await pair.encrypted())).not.toBeNull();
  });
});
