import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bytesOf, createCredential, getCredential, passkeyAutofillSupported, passkeysSupported, textOf } from "./webauthn.js";

/** Stands for the browser's class; the real one is in the browser tests. */
class Credential {
  readonly id = "AQID";
  readonly rawId = bytesOf("AQID").buffer;
  readonly type = "public-key";
  readonly authenticatorAttachment = null;
  constructor(readonly response: object) {}
  getClientExtensionResults() {
    return {};
  }
}

describe("base64url", () => {
  it.each(["", "AA", "_-8", "AQID", "__________8"])("%j is read and written the same", (text) => {
    expect(textOf(bytesOf(text).buffer)).toBe(text);
  });

  it("writes every octet", () => {
    const all = Uint8Array.from({ length: 256 }, (_, octet) => octet);
    expect([...bytesOf(textOf(all.buffer))]).toEqual([...all]);
  });
});

describe("a browser without WebAuthn", () => {
  it("says so", async () => {
    expect(passkeysSupported()).toBe(false);
    expect(await passkeyAutofillSupported()).toBe(false);
    await expect(getCredential({ challenge: "AA" })).rejects.toMatchObject({ code: "passkey_unsupported" });
  });
});

describe("a browser with WebAuthn", () => {
  const ask = vi.fn();

  beforeEach(() => {
    vi.stubGlobal("PublicKeyCredential", Credential);
    vi.stubGlobal("navigator", { credentials: { create: ask, get: ask } });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    ask.mockReset();
  });

  it("is given octets, and its answer goes out as text", async () => {
    const octets = bytesOf("BAUG").buffer;
    ask.mockResolvedValue(
      new Credential({ clientDataJSON: octets, authenticatorData: octets, signature: octets, userHandle: null }),
    );
    const answer = await getCredential({ challenge: "AQID", allowCredentials: [{ id: "BAUG", type: "public-key" }], rpId: "x" });
    expect(ask).toHaveBeenCalledExactlyOnceWith({
      publicKey: { challenge: bytesOf("AQID"), allowCredentials: [{ id: bytesOf("BAUG"), type: "public-key" }], rpId: "x" },
    });
    expect(answer).toMatchObject({ id: "AQID", rawId: "AQID", response: { signature: "BAUG", userHandle: null } });
  });

  it("is given a user's handle as octets, too", async () => {
    const octets = bytesOf("BAUG").buffer;
    ask.mockResolvedValue(
      new Credential({ clientDataJSON: octets, attestationObject: octets, getTransports: () => ["internal"] }),
    );
    const answer = await createCredential({ challenge: "AQID", user: { id: "BAUG", name: "a" } });
    expect(ask).toHaveBeenCalledExactlyOnceWith({
      publicKey: { challenge: bytesOf("AQID"), user: { id: bytesOf("BAUG"), name: "a" }, excludeCredentials: [] },
    });
    expect(answer).toMatchObject({ response: { attestationObject: "BAUG", transports: ["internal"] } });
  });

  it.each([
    ["NotAllowedError", "passkey_cancelled"],
    ["AbortError", "passkey_cancelled"],
    ["InvalidStateError", "passkey_exists"],
    ["SecurityError", "passkey_unsupported"],
  ])("%s is %s", async (name, code) => {
    ask.mockRejectedValue(new DOMException("no", name));
    await expect(createCredential({ challenge: "AA", user: { id: "AA" } })).rejects.toMatchObject({ code });
  });
});
