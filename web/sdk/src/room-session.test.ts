import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { ParleyApi } from "./api.js";
import type { JoinTicket } from "./api-types.js";
import { ParleyError } from "./errors.js";
import { JoinWatch } from "./join-watch.js";
import { RoomSession } from "./room-session.js";
import type { SignalingHandlers } from "./signaling.js";
import type { ConnectAuth, Welcome } from "./wire.js";

/** One connection to the gateway that was tried. */
interface Try {
  readonly at: number;
  readonly auth: ConnectAuth;
  readonly handlers: SignalingHandlers;
  readonly said: string[];
  isClosed: boolean;
  isLost: boolean;
  /** Says nothing any more, and closes by itself. */
  isRetired: boolean;
}

const tries: Try[] = [];
/** What the gateway says to a connection: an error code, or nothing when it is accepted. */
let gateway: (auth: ConnectAuth) => string | null | Promise<null>;
/** What it says to a command on a connection, by its place. */
let answer: (place: number) => string | null | Promise<string>;

vi.mock("./signaling.js", () => ({
  SignalingConnection: class {
    readonly #try: Try;

    constructor(_url: string, auth: ConnectAuth, handlers: SignalingHandlers) {
      this.#try = { at: Date.now(), auth, handlers, said: [], isClosed: false, isLost: false, isRetired: false };
      tries.push(this.#try);
    }

    get isConnected(): boolean {
      return !this.#try.isLost && !this.#try.isClosed;
    }

    async opened(): Promise<void> {
      const refusal = await gateway(this.#try.auth);
      if (refusal !== null) throw new ParleyError(refusal, `said ${refusal}`);
    }

    async send(name: string): Promise<object> {
      const refusal = await answer(tries.indexOf(this.#try));
      if (refusal !== null) throw new ParleyError(refusal, `said ${refusal}`);
      this.#try.said.push(name);
      return {};
    }

    retire(): void {
      this.#try.isRetired = true;
    }

    close(): void {
      this.#try.isClosed = true;
    }
  },
}));

const WELCOME = { participant_id: "p_1", resume_secret: "s" } as Welcome;
/** Much longer than anything is tried. */
const LONG_MS = 600_000;

describe("RoomSession", () => {
  let tickets: number;
  let join: () => Promise<JoinTicket>;
  let failures: ParleyError[];
  let reconnecting: number;
  let told: string[];
  let given: string[];
  let session: RoomSession;

  beforeEach(async () => {
    vi.useFakeTimers();
    tries.length = 0;
    tickets = 0;
    failures = [];
    reconnecting = 0;
    told = [];
    given = [];
    gateway = () => null;
    answer = () => null;
    join = () => {
      tickets += 1;
      return Promise.resolve({ meetingToken: `token ${tickets}`, expiresIn: 3600, gatewayUrl: "" } as JoinTicket);
    };
    const api = { joinMeeting: () => join() } as unknown as ParleyApi;
    session = new RoomSession(
      { api, meetingId: "m" },
      new JoinWatch(),
      {
        onMessage: (name) => told.push(name),
        onReconnecting: () => {
          reconnecting += 1;
        },
        onTicket: ({ meetingToken }) => given.push(meetingToken),
        onFailed: (error) => failures.push(error),
        version: () => 7,
      },
    );
    await session.open(await session.join());
    tries[0]?.handlers.onMessage("welcome", WELCOME);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const lose = () => tries.at(-1)?.handlers.onLost();
  const pauses = () => tries.slice(2).map(({ at }, index) => at - (tries[index + 1]?.at ?? 0));

  it("resumes at once when a good connection is lost", async () => {
    await vi.advanceTimersByTimeAsync(60_000);
    const lost = Date.now();
    lose();
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(tries).toHaveLength(2);
    expect(tries[1]?.at).toBe(lost);
    expect(tries[1]?.auth.resume).toEqual({ participant_id: "p_1", secret: "s", version: 7 });
    expect([reconnecting, failures.length, tickets]).toEqual([1, 0, 1]);
  });

  it("comes in as somebody new where resuming is refused", async () => {
    gateway = ({ resume }) => (resume ? "resume_refused" : null);
    lose();
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(tries.map(({ auth }) => auth.resume !== undefined)).toEqual([false, true, false]);
    expect(failures).toEqual([]);
  });

  it("comes with a new token where the old one is over", async () => {
    gateway = ({ token }) => (token === "token 1" ? "token_expired" : null);
    lose();
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(tries.map(({ auth }) => auth.token)).toEqual(["token 1", "token 1", "token 2"]);
    expect(given).toEqual(["token 1", "token 2"]);
    expect(failures).toEqual([]);
  });

  it.each(["resume_refused", "token_expired"])("gives up a gateway that always says %s, after pauses", async (code) => {
    gateway = () => code;
    lose();
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(failures.map((error) => [error.code, error.message])).toEqual([[code, `said ${code}`]]);
    expect(tries).toHaveLength(7);
    for (const [index, pause] of pauses().entries()) {
      expect(pause).toBeGreaterThanOrEqual(125 * 2 ** index);
      expect(pause).toBeLessThanOrEqual(375 * 2 ** index);
    }
  });

  it("tries for two minutes where nobody answers", async () => {
    gateway = () => "network";
    lose();
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(failures.map((error) => error.code)).toEqual(["network"]);
    const lasted = (tries.at(-1)?.at ?? 0) - (tries[0]?.at ?? 0);
    expect(lasted).toBeGreaterThan(120_000);
    expect(lasted).toBeLessThan(130_000);
    expect(Math.max(...pauses())).toBeLessThanOrEqual(7_500);
  });

  it("says at once what no trying can change", async () => {
    gateway = () => "participant_removed";
    lose();
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(tries).toHaveLength(2);
    expect(failures.map((error) => error.code)).toEqual(["participant_removed"]);
  });

  it("pauses longer and longer for a gateway that accepts, and closes again", async () => {
    await vi.advanceTimersByTimeAsync(60_000);
    for (let round = 0; round < 5; round += 1) {
      lose();
      await vi.runAllTimersAsync();
    }
    expect(tries).toHaveLength(6);
    expect(pauses().every((pause, index) => pause >= 125 * 2 ** index)).toBe(true);
  });

  it("opens no connection for who has left while the ticket was on its way", async () => {
    let give: (ticket: JoinTicket) => void = () => undefined;
    join = () =>
      new Promise((resolve) => {
        give = resolve;
      });
    gateway = () => (tries.length === 2 ? "token_expired" : null);
    lose();
    await vi.advanceTimersByTimeAsync(1_000);
    await session.leave();
    give({ meetingToken: "late", expiresIn: 3600, gatewayUrl: "" } as JoinTicket);
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(tries).toHaveLength(2);
    expect(failures).toEqual([]);
  });

  it("does not come back when the connection is lost while one leaves", async () => {
    const left = session.leave();
    lose();
    await left;
    await vi.advanceTimersByTimeAsync(LONG_MS);
    expect(tries).toHaveLength(1);
    expect(tries[0]?.isClosed).toBe(true);
    expect(reconnecting).toBe(0);
  });

  describe("that is told to go to another gateway", () => {
    const tell = (within_ms = 1_000) => tries[0]?.handlers.onMessage("reconnect", { within_ms });
    const lost = (place: number) => {
      const one = tries[place];
      if (one === undefined) return;
      one.isLost = true;
      one.handlers.onLost();
    };
    const close = (place: number) =>
      tries[place]?.handlers.onMessage("closing", { code: "replaced", message: "", retry: false });

    it("goes there first, and leaves the one before then", async () => {
      let accept: (said: null) => void = () => undefined;
      gateway = () =>
        new Promise((resolve) => {
          accept = resolve;
        });
      tell();
      tell();
      await vi.advanceTimersByTimeAsync(500);
      expect(tries.map(({ auth }) => auth.resume?.participant_id)).toEqual([undefined, "p_1"]);
      await session.send("raise_hand", {});
      expect(tries.map(({ said, isRetired }) => [said, isRetired])).toEqual([
        [["raise_hand"], false],
        [[], false],
      ]);
      tries[1]?.handlers.onMessage("welcome", WELCOME);
      close(0);
      accept(null);
      await vi.advanceTimersByTimeAsync(0);
      await session.send("lower_hand", {});
      expect(tries.map(({ said, isRetired }) => [said, isRetired])).toEqual([
        [["raise_hand"], true],
        [["lower_hand"], false],
      ]);
      expect(told).toEqual(["welcome", "welcome"]);
      expect([reconnecting, failures.length]).toEqual([0, 0]);
      close(1);
      expect(told.at(-1)).toBe("closing");
    });

    it("sends again what the one before has refused because it is replaced", async () => {
      let refuse: (said: string) => void = () => undefined;
      answer = (place) =>
        place > 0
          ? null
          : new Promise((resolve) => {
              refuse = resolve;
            });
      tell();
      const sent = session.send("raise_hand", {});
      await vi.advanceTimersByTimeAsync(500);
      refuse("participant_not_found");
      await sent;
      expect(tries.map(({ said }) => said)).toEqual([[], ["raise_hand"]]);
    });

    it("passes on what is refused for any other reason", async () => {
      answer = () => "participant_not_found";
      await expect(session.send("raise_hand", {})).rejects.toThrow("participant_not_found");
      answer = () => "forbidden";
      tell();
      await vi.advanceTimersByTimeAsync(500);
      await expect(session.send("raise_hand", {})).rejects.toThrow("forbidden");
    });

    it("tries again until it is let in", async () => {
      gateway = () => (tries.length < 4 ? "gateway_closing" : null);
      tell();
      await vi.advanceTimersByTimeAsync(5_000);
      expect(tries.map(({ isRetired }) => isRetired)).toEqual([true, false, false, false]);
      expect([reconnecting, failures.length]).toEqual([0, 0]);
      await session.send("raise_hand", {});
      expect(tries[3]?.said).toEqual(["raise_hand"]);
    });

    it("goes at once when the one before is lost", async () => {
      tell(3_600_000);
      await vi.advanceTimersByTimeAsync(10);
      lost(0);
      await vi.advanceTimersByTimeAsync(0);
      expect([tries.length, reconnecting]).toEqual([2, 0]);
    });

    it("comes back as ever when nobody answers", async () => {
      // By chance it might try so often at once that somebody answers before the connection is lost.
      const chance = vi.spyOn(Math, "random").mockReturnValue(0.5);
      gateway = () => (tries.length < 4 ? "network" : null);
      tell();
      await vi.advanceTimersByTimeAsync(500);
      lost(0);
      await vi.advanceTimersByTimeAsync(LONG_MS);
      expect([tries.length, reconnecting, failures.length]).toEqual([4, 1, 0]);
      chance.mockRestore();
    });

    it("takes leave of both when one leaves meanwhile", async () => {
      let accept: (said: null) => void = () => undefined;
      gateway = () =>
        new Promise((resolve) => {
          accept = resolve;
        });
      tell();
      await vi.advanceTimersByTimeAsync(500);
      await session.leave();
      accept(null);
      await vi.advanceTimersByTimeAsync(LONG_MS);
      expect(tries.map(({ said, isClosed }) => [said, isClosed])).toEqual([
        [["leave_meeting"], true],
        [["leave_meeting"], true],
      ]);
      expect(reconnecting).toBe(0);
    });
  });
});
