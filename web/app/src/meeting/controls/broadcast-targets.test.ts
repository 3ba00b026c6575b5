import { describe, expect, it } from "vitest";
import { addressOf, errorsOf } from "./broadcast-targets.js";

const draft = (server: string, streamKey: string) => ({ key: 1, server, streamKey });

describe("addressOf", () => {
  it("puts a server and a key together with one slash", () => {
    expect(addressOf(draft("rtmp://a.rtmp.youtube.com/live2", "abcd-efgh"))).toBe("rtmp://a.rtmp.youtube.com/live2/abcd-efgh");
    expect(addressOf(draft(" RTMPS://live.example:443/app/ ", " /key?x=1 "))).toBe("rtmps://live.example:443/app/key?x=1");
  });
});

describe("errorsOf", () => {
  it("takes what services give", () => {
    for (const server of ["rtmp://a.rtmp.youtube.com/live2", "rtmps://[2001:db8::1]:443/app", "rtmp://127.0.0.1:1935/live/"]) {
      expect(errorsOf(draft(server, "k"))).toEqual({ server: false, streamKey: false });
    }
  });

  it("finds what cannot be one", () => {
    for (const server of ["", "https://youtube.com", "rtmp://", "rtmp://a", "rtmp://a/", "rtmp://a b/c", "rtmp://me:word@a/b", "rtmp://a:22/b", "rtmp://a/b#c"])
      expect(errorsOf(draft(server, "k")).server).toBe(true);
    for (const key of ["", " ", "two words", "a#b"]) expect(errorsOf(draft("rtmp://a/b", key)).streamKey).toBe(true);
  });
});
