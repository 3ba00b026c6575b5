import { describe, expect, it } from "vitest";
import { cleanCode, isProofMethod, usableHere } from "./proof.js";

describe("isProofMethod", () => {
  it("knows what the page has a form for", () => {
    expect(["passkey", "login", "totp", "toString", "password"].filter(isProofMethod)).toEqual(["passkey", "totp", "password"]);
  });
});

describe("cleanCode", () => {
  it("takes a code as apps show it", () => {
    expect(cleanCode("totp", " 123 456 ")).toBe("123456");
    expect(cleanCode("totp", "123-456")).toBe("123456");
  });

  it("takes a recovery code as it was written down", () => {
    expect(cleanCode("recovery_code", " ABCD-2345-efgh-6789\n")).toBe("abcd-2345-efgh-6789");
  });
});

describe("usableHere", () => {
  it("leaves passkeys out where the browser has none", () => {
    expect(usableHere(["passkey", "totp"], true)).toEqual(["passkey", "totp"]);
    expect(usableHere(["passkey", "totp"], false)).toEqual(["totp"]);
  });

  it("leaves something, so that it is said why nothing works", () => {
    expect(usableHere(["passkey"], false)).toEqual(["passkey"]);
  });
});
