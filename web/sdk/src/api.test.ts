import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ParleyApi } from "./api.js";
import { camelCased } from "./api-types.js";
import { ParleyError } from "./errors.js";
import { problemError } from "./http-session.js";

const user = { id: "u_1", email: "a@x.test", display_name: "Ada" };
const session = (token: string, expiresIn = 900) => ({ access_token: token, expires_in: expiresIn, user });

/** What `navigator.locks.request` does for one name: one after the other. */
function exclusively() {
  let last: Promise<unknown> = Promise.resolve();
  return (_name: string, run: () => unknown) => {
    const turn = last.then(run);
    last = turn.catch(() => null);
    return turn;
  };
}

describe("ParleyApi", () => {
  const calls: { path: string; token: string | null }[] = [];
  let answers: Record<string, (token: string | null) => [number, unknown]>;

  beforeEach(() => {
    calls.length = 0;
    answers = {};
    vi.stubGlobal("navigator", { locks: { request: exclusively() } });
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

  it("tells why a session is over, and forgets that with the next", async () => {
    answers["/v1/auth/login"] = () => [200, session("t1", 1)];
    answers["/v1/auth/logout"] = () => [204, null];
    const api = new ParleyApi();
    const seen: unknown[] = [];
    api.onUserChange((next) => seen.push([next?.id ?? null, api.sessionEnd]));
    for (const [status, code] of [
      [401, "session_expired"],
      [403, "account_suspended"],
      [401, "token_revoked"],
    ] as const) {
      answers["/v1/auth/refresh"] = () => [status, { code }];
      await api.login({ email: "a@x.test", password: "p" });
      expect(api.sessionEnd).toBeNull();
      await expect(api.meetings.list("hosted")).rejects.toBeInstanceOf(ParleyError);
    }
    await api.login({ email: "a@x.test", password: "p" });
    await api.logout();
    const ends = ["session_expired", "account_suspended", "session_expired", null];
    expect(seen).toEqual(ends.flatMap((end) => [["u_1", null], [null, end]]));
  });

  it("keeps a session that was opened while an earlier one was asked for", async () => {
    let missing: (answer: Response) => void = () => undefined;
    const answered = new Promise<Response>((resolve) => {
      missing = resolve;
    });
    vi.stubGlobal("fetch", (path: string) => {
      calls.push({ path, token: null });
      return path === "/v1/auth/refresh" ? answered : Promise.resolve(new Response(JSON.stringify(session("t1"))));
    });
    const api = new ParleyApi();
    const restored = api.restore();
    const loggedIn = api.login({ email: "a@x.test", password: "p" });
    await vi.waitFor(() => {
      expect(calls).not.toHaveLength(0);
    });
    missing(new Response(JSON.stringify({ code: "session_expired" }), { status: 401 }));
    expect(await restored).toBeNull();
    expect((await loggedIn) as unknown).toMatchObject({ id: "u_1" });
    expect([api.user?.id, api.sessionEnd]).toEqual(["u_1", null]);
    expect(calls.map(({ path }) => path)).toEqual(["/v1/auth/refresh", "/v1/auth/login"]);
  });

  it("gives a request up that hangs while all others wait for it, and goes on with them", async () => {
    const deadline = new AbortController();
    const timeout = vi.spyOn(AbortSignal, "timeout").mockReturnValueOnce(deadline.signal);
    vi.stubGlobal("fetch", (path: string, { signal }: RequestInit) => {
      calls.push({ path, token: null });
      if (path !== "/v1/auth/refresh") return Promise.resolve(new Response(JSON.stringify(session("t1"))));
      return new Promise((_, reject) => {
        signal?.addEventListener("abort", () => {
          reject(new DOMException("timed out", "TimeoutError"));
        });
      });
    });
    const api = new ParleyApi();
    const restored = api.restore();
    const loggedIn = api.login({ email: "a@x.test", password: "p" });
    await vi.waitFor(() => {
      expect(calls).toHaveLength(1);
    });
    deadline.abort();
    await expect(restored).rejects.toMatchObject({ code: "network" });
    expect((await loggedIn) as unknown).toMatchObject({ id: "u_1" });
    expect(timeout.mock.calls).toEqual([[30_000], [30_000]]);
    timeout.mockRestore();
  });

  it("takes an answer that breaks off for a failure, and none that is no JSON", async () => {
    const broken = new ReadableStream({
      start(controller) {
        controller.error(new TypeError("network error"));
      },
    });
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(broken)));
    await expect(new ParleyApi().restore()).rejects.toMatchObject({ code: "network" });
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("<html>", { status: 502 })));
    await expect(new ParleyApi().restore()).rejects.toMatchObject({ code: "internal", status: 502 });
  });

  it("logs out only when a renewal that is under way is done", async () => {
    let renew: (answer: Response) => void = () => undefined;
    const renewed = new Promise<Response>((resolve) => {
      renew = resolve;
    });
    vi.stubGlobal("fetch", (path: string) => {
      calls.push({ path, token: null });
      return path === "/v1/auth/refresh" ? renewed : Promise.resolve(new Response(null, { status: 204 }));
    });
    const api = new ParleyApi();
    const restored = api.restore();
    const loggedOut = api.logout();
    await vi.waitFor(() => {
      expect(calls).not.toHaveLength(0);
    });
    expect(calls.map(({ path }) => path)).toEqual(["/v1/auth/refresh"]);
    renew(new Response(JSON.stringify(session("t1"))));
    expect((await restored)?.id).toBe("u_1");
    await loggedOut;
    expect([api.user, api.sessionEnd]).toEqual([null, null]);
    expect(calls.map(({ path }) => path)).toEqual(["/v1/auth/refresh", "/v1/auth/logout"]);
  });

  it("forgets the session also when logging out fails", async () => {
    answers["/v1/auth/login"] = () => [200, session("t1")];
    answers["/v1/auth/logout"] = () => [503, { code: "service_unavailable" }];
    const api = new ParleyApi();
    await api.login({ email: "a@x.test", password: "p" });
    await expect(api.logout()).rejects.toMatchObject({ code: "service_unavailable" });
    expect(api.user).toBeNull();
  });

  it.each([
    ["before it is sent", 5, ["/v1/auth/login", "/v1/auth/refresh"]],
    ["after it was refused", 900, ["/v1/auth/login", "/v1/meetings?list=hosted", "/v1/auth/refresh"]],
  ])("does not send in another one's name what somebody has asked for, when the token is renewed %s", async (_, expiresIn, paths) => {
    answers["/v1/auth/login"] = () => [200, session("hers", expiresIn)];
    answers["/v1/auth/refresh"] = () => [200, { ...session("his"), user: { ...user, id: "u_2" } }];
    answers["/v1/meetings?list=hosted"] = (token) => (token === "his" ? [200, { items: [], next_cursor: null }] : [401, {}]);
    const api = new ParleyApi();
    await api.login({ email: "a@x.test", password: "p" });
    await expect(api.meetings.list("hosted")).rejects.toMatchObject({ code: "session_expired", status: 401 });
    expect(calls.map(({ path }) => path)).toEqual(paths);
    expect(api.user?.id).toBe("u_2");
  });

  it("renews a refused access token and tries once more", async () => {
    answers["/v1/auth/login"] = () => [200, session("old")];
    answers["/v1/auth/refresh"] = () => [200, session("new")];
    answers["/v1/meetings?list=hosted"] = (token) => (token === "new" ? [200, { items: [], next_cursor: null }] : [401, {}]);
    const api = new ParleyApi();
    await api.login({ email: "a@x.test", password: "p" });
    expect(await api.meetings.list("hosted")).toEqual({ items: [], nextCursor: null });
    expect(calls.map((call) => call.token)).toEqual([null, "old", null, "new"]);
  });

  it("renews a token before it ends", async () => {
    answers["/v1/auth/login"] = () => [200, session("short", 5)];
    answers["/v1/auth/refresh"] = () => [200, session("long")];
    answers["/v1/meetings?list=hosted"] = () => [200, { items: [], next_cursor: null }];
    const api = new ParleyApi();
    await api.login({ email: "a@x.test", password: "p" });
    await api.meetings.list("hosted");
    expect(calls.at(-1)?.token).toBe("long");
  });

  it("leaves a login open that needs a second factor, and finishes it", async () => {
    const asked = { status: "second_factor_required", login_token: "lt", expires_in: 300, methods: ["totp"] };
    answers["/v1/auth/login"] = () => [202, asked];
    answers["/v1/auth/login/second-factor"] = () => [200, session("t1")];
    const api = new ParleyApi();
    const step = await api.login({ email: "a@x.test", password: "p" });
    expect(api.user).toBeNull();
    if (!("status" in step)) throw new Error("it is finished already");
    expect(step).toEqual({ status: "second_factor_required", loginToken: "lt", expiresIn: 300, methods: ["totp"] });
    await api.finishLogin(step, { method: "totp", code: "123456" });
    expect(api.user?.id).toBe("u_1");
  });

  it("takes a wrong code for no fault of the access token", async () => {
    answers["/v1/auth/login"] = () => [200, session("t1")];
    answers["/v1/auth/step-up"] = () => [401, { code: "factor_invalid" }];
    const api = new ParleyApi();
    await api.login({ email: "a@x.test", password: "p" });
    await expect(api.stepUp({ method: "totp", code: "000000" })).rejects.toMatchObject({ code: "factor_invalid" });
    expect(calls.map(({ path }) => path)).toEqual(["/v1/auth/login", "/v1/auth/step-up"]);
  });

  it("copies all pages of what is stored, as the services write it", async () => {
    answers["/v1/auth/me/export"] = () => [200, { has_password: true }];
    answers["/v1/meetings/export?limit=20"] = () => [200, { items: [{ meeting_id: "m1" }], next_cursor: "c/1" }];
    answers["/v1/meetings/export?limit=20&cursor=c%2F1"] = () => [200, { items: [{ meeting_id: "m2" }], next_cursor: null }];
    expect(await new ParleyApi().account.exportData()).toEqual({
      account: { has_password: true },
      meetings: [{ meeting_id: "m1" }, { meeting_id: "m2" }],
    });
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

  it("keeps how long to wait, and what would be a proof", () => {
    expect(problemError(429, { code: "rate_limited" }, "30").retryAfterS).toBe(30);
    expect(problemError(503, null, "Wed, 21 Oct 2026 07:28:00 GMT").retryAfterS).toBeUndefined();
    expect(problemError(403, { code: "step_up_required", methods: ["totp"] }).methods).toEqual(["totp"]);
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
