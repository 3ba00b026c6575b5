import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { encodingsOf, encryptable, type Encoding, type VideoPreferences } from "./encodings.js";
import { PeerConnectionDouble } from "./peer-connection-double.js";
import type { TrackSource } from "./room-state.js";

describe("encodingsOf", () => {
  beforeEach(() => {
    PeerConnectionDouble.install();
    PeerConnectionDouble.encodes("VP8", "rtx", "H264", "VP9", "AV1");
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const camera = (preferences: VideoPreferences) => {
    const { encodings, codecs } = encodingsOf("camera", preferences);
    return {
      codec: codecs?.[0]?.mimeType,
      offered: codecs?.length,
      rids: encodings.map(({ rid }) => rid),
      modes: encodings.map(({ scalabilityMode }: Encoding) => scalabilityMode),
    };
  };
  const simulcast = { rids: ["q", "h", "f"], modes: ["L1T2", "L1T2", "L1T2"], offered: 5 };

  it("sends a camera as VP8 in three sizes where nothing is said", () => {
    expect(camera({})).toEqual({ codec: "video/VP8", ...simulcast });
  });

  it.each([
    ["h264", "video/H264"],
    ["vp8", "video/VP8"],
  ] as const)("never has layers within one encoding of %s", (codec, mimeType) => {
    expect(camera({ codec, layers: "svc" })).toEqual({ codec: mimeType, ...simulcast });
  });

  it.each([
    ["vp9", "video/VP9"],
    ["av1", "video/AV1"],
  ] as const)("sends one encoding of %s with layers, or several if that is wanted", (codec, mimeType) => {
    expect(camera({ codec })).toEqual({ codec: mimeType, offered: 5, rids: [undefined], modes: ["L3T3_KEY"] });
    expect(camera({ codec, layers: "simulcast" })).toEqual({ codec: mimeType, ...simulcast });
  });

  it("falls back to VP8 where the browser does not encode what is preferred", () => {
    PeerConnectionDouble.encodes("VP8", "H264");
    expect(camera({ codec: "av1" })).toEqual({ codec: "video/VP8", ...simulcast, offered: 2 });
  });

  it("falls back to several encodings where the browser overlooks layers, or refuses them, and leaves no connection open", () => {
    PeerConnectionDouble.overlooked = ["L3T3_KEY"];
    expect(camera({ codec: "vp9" })).toEqual({ codec: "video/VP9", ...simulcast });
    vi.spyOn(PeerConnectionDouble.prototype, "addTransceiver").mockImplementation(() => {
      throw new DOMException("no such mode", "OperationError");
    });
    expect(camera({ codec: "vp9" })).toEqual({ codec: "video/VP9", ...simulcast });
    expect(PeerConnectionDouble.made.map(({ connectionState }) => connectionState)).toEqual(["closed", "closed"]);
  });

  it("sends a screen in two sizes of the preferred codec, and its sound as it is", () => {
    const { encodings, codecs } = encodingsOf("screen", { codec: "av1" });
    expect([encodings.map(({ rid }) => rid), codecs?.[0]?.mimeType]).toEqual([["h", "f"], "video/AV1"]);
    PeerConnectionDouble.encodesSound("opus", "red");
    expect(encodingsOf("screen_audio", { codec: "av1" }).codecs).toBeNull();
  });

  it("sends a microphone with copies of what was before where the browser can, and as it is where not", () => {
    const names = () => encodingsOf("microphone", { codec: "av1" }).codecs?.map(({ mimeType }) => mimeType);
    expect(names()).toBeUndefined();
    PeerConnectionDouble.encodesSound("opus", "red", "G722");
    expect(names()).toEqual(["audio/red", "audio/opus", "audio/G722"]);
  });

  it("leaves of all codecs those whose frames can be encrypted", () => {
    PeerConnectionDouble.encodesSound("opus", "red", "G722");
    const names = (source: TrackSource) => encryptable(encodingsOf(source, {}).codecs ?? []).map(({ mimeType }) => mimeType);
    expect(names("camera")).toEqual(["video/VP8", "video/rtx"]);
    expect(names("microphone")).toEqual(["audio/opus"]);
  });
});
