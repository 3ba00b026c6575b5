import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ParleyApi, problemError } from "./api.js";
import { camelCased } from "./api-types.js";
import { ParleyError } from "./errors.js";

const user = { id: "u_1", email: "a@x.test", display_name: "Ada" };
const session = (token: string, expiresIn = 900) => ({ access_token: token, expires_in: expiresIn, user });

describe("ParleyApi", () => {
  const calls: { path: string; token: string | null }[] = [];
  let answers: Record<string, (token: string | null) => [number, unknown]>;

  beforeEach(() => {
    calls.length = 0;
    answers = {};
    vi.stubGlobal("navigator", { locks: { request: (_name: string, run: () => unknown) => run() } });
    vi.stubGlobal("fetch", (path: string, options: RequestInit) => {
      const token = new Headers(options.headers).get("Authorization")?.replace("Bearer ", "") ?? null;
      calls.push({ path, token });
      const [status, body] = answers[path]?.(token) ?? [404, {}];
      return Promise.resolve(new Response(status === 204 ? null : JSON.stringify(body), { status }));
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("tells who is logged in, and who no longer is", async () => {
    answers["/v1/auth/login"] = () => [200, session("t1")];
    answers["/v1/auth/logout"] = () => [204, null];
    const api = new ParleyApi();
    const seen: (string | null)[] = [];
    api.onUserChange((next) => seen.push(next?.displayName ?? null));
    await api.login({ email: "a@x.test", password: "p" });
    await api.logout();
    expect(seen).toEqual(["Ada", null]);
  });

  it("refreshes once for many", async () => {
    answers["/v1/auth/refresh"] = () => [200, session("t1")];
    const api = new ParleyApi();
    await Promise.all([api.restore(), api.restore(), api.restore()]);
    expect(calls).toHaveLength(1);
    expect(api.user?.id).toBe("u_1");
  });

  it("takes a missing session for an answer, and a broken server for a failure", async () => {
    answers["/v1/auth/refresh"] = () => [401, { code: "session_expired" }];
    expect(await new ParleyApi().restore()).toBeNull();
    answers["/v1/auth/refresh"] = () => [503, { code: "service_unavailable" }];
    await expect(new ParleyApi().restore()).rejects.toMatchObject({ code: "service_unavailable" });
  });

  it("renews a refused access token and tries once more", async () => {
    answers["/v1/auth/login"] = () => [200, session("old")];
    answers["/v1/auth/refresh"] = () => [200, session("new")];
    answers["/v1/meetings"] = (token) => (token === "new" ? [200, { items: [], next_cursor: null }] : [401, {}]);
    const api = new ParleyApi();
    await api.login({ email: "a@x.test", password: "p" });
    expect(await api.listMeetings()).toEqual({ items: [], nextCursor: null });
    expect(calls.map((call) => call.token)).toEqual([null, "old", null, "new"]);
  });

  it("renews a token before it ends", async () => {
    answers["/v1/auth/login"] = () => [200, session("short", 5)];
    answers["/v1/auth/refresh"] = () => [200, session("long")];
    answers["/v1/meetings"] = () => [200, { items: [], next_cursor: null }];
    const api = new ParleyApi();
    await api.login({ email: "a@x.test", password: "p" });
    await api.listMeetings();
    expect(calls.at(-1)?.token).toBe("long");
  });

  it("says that the server cannot be reached", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
    await expect(new ParleyApi().getMeeting("abc")).rejects.toMatchObject({ code: "network" });
  });
});

describe("problemError", () => {
  it("keeps code, sentence, status and fields", () => {
    const error = problemError(422, { code: "weak_password", detail: "Too short.", errors: [{ field: "password", message: "8" }] });
    expect(error).toBeInstanceOf(ParleyError);
    expect(error).toMatchObject({ code: "weak_password", message: "Too short.", status: 422, fields: { password: "8" } });
  });

  it("has something to say of an empty answer", () => {
    expect(problemError(500, null)).toMatchObject({ code: "internal", status: 500 });
  });
});

describe("camelCased", () => {
  it("renames keys at every depth, and values never", () => {
    expect(camelCased({ a_b: [{ c_d_e: "x_y" }], f: null })).toEqual({ aB: [{ cDE: "x_y" }], f: null });
  });
});
