import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { ParleyApi } from "./api.js";
import type { JoinTicket } from "./api-types.js";
import { PeerConnectionDouble } from "./peer-connection-double.js";
import { Room } from "./room.js";
import type { SignalingHandlers } from "./signaling.js";
import type { RoomEvents, Welcome } from "./wire.js";

interface Connection {
  readonly handlers: SignalingHandlers;
  readonly sent: string[];
  isClosed: boolean;
}

const connections: Connection[] = [];
/** How the gateway acknowledges a command. */
let acknowledge: () => Promise<object>;

vi.mock("./signaling.js", () => ({
  SignalingConnection: class {
    readonly #connection: Connection;

    constructor(_url: string, _auth: object, handlers: SignalingHandlers) {
      this.#connection = { handlers, sent: [], isClosed: false };
      connections.push(this.#connection);
    }

    opened(): Promise<void> {
      return Promise.resolve();
    }

    send(name: string): Promise<object> {
      this.#connection.sent.push(name);
      return acknowledge();
    }

    close(): void {
      this.#connection.isClosed = true;
    }
  },
}));

const WELCOME: Welcome = {
  participant_id: "p_1",
  resume_secret: "s",
  grace_ms: 30_000,
  version: 1,
  resumed: false,
  missed: null,
  ice_servers: [],
  traced: false,
  room: { meeting_id: "m", started_at: 0, participants: [], tracks: [], chat: [],
      policy: { locked: false, lobby: false, unmute: true, rename: true, private_chat: true, notes: true, direct: false, e2ee: false },
      role_permissions: [],
      spotlight: [],
      polls: [],
      my_votes: [],
      notes: { text: "", revision: 0, my_edit: null },
      lobby: [],
      breakouts: null,
      banned: [],
      recording: null,
      broadcast: null,
      ingresses: [],
      recording_kind: "composite",
      ends_at: null,
      mute_on_entry: false,
    },
};

describe("Room", () => {
  let giveTicket: () => void;
  let room: Room;

  beforeEach(() => {
    PeerConnectionDouble.install();
    vi.stubGlobal("window", new EventTarget());
    connections.length = 0;
    acknowledge = () => Promise.resolve({});
    const ticket = { meetingToken: "t", expiresIn: 3600, gatewayUrl: "", iceServers: [] as RTCIceServer[] } as unknown as JoinTicket;
    const joinMeeting = () =>
      new Promise<JoinTicket>((resolve) => {
        giveTicket = () => {
          resolve(ticket);
        };
      });
    room = new Room({ api: { joinMeeting } as unknown as ParleyApi, meetingId: "m" });
  });
  afterEach(async () => {
    acknowledge = () => Promise.resolve({});
    await room.leave();
    vi.unstubAllGlobals();
  });

  const connect = async () => {
    const connected = room.connect();
    giveTicket();
    await connected;
    connections[0]?.handlers.onMessage("welcome", WELCOME);
  };

  it("is connected when the gateway says welcome, and reconnects when the connection is lost", async () => {
    await connect();
    expect(room.state.status).toBe("connected");
    connections[0]?.handlers.onLost();
    expect(room.state.status).toBe("reconnecting");
    await vi.waitFor(() => {
      expect(connections).toHaveLength(2);
    });
    connections[1]?.handlers.onMessage("welcome", { ...WELCOME, resumed: true });
    expect(room.state.status).toBe("connected");
  });

  it.each([
    [true, false],
    [false, true],
  ])("comes in muted where the meeting has it so (%s)", async (muteOnEntry, isHeard) => {
    const microphone = Object.assign(new EventTarget(), { kind: "audio", enabled: true, readyState: "live", stop: vi.fn() });
    const connected = room.connect({ microphone: microphone as unknown as MediaStreamTrack });
    giveTicket();
    await connected;
    connections[0]?.handlers.onMessage("welcome", { ...WELCOME, room: { ...WELCOME.room, mute_on_entry: muteOnEntry } });
    expect(microphone.enabled).toBe(isHeard);
  });

  it.each([true, false])("reports what coming in took, where somebody wants to know (%s)", async (traced) => {
    const connected = room.connect();
    giveTicket();
    await connected;
    connections[0]?.handlers.onMessage("welcome", { ...WELCOME, traced });
    PeerConnectionDouble.made[0]?.become("connected");
    PeerConnectionDouble.made[0]?.become("connecting");
    PeerConnectionDouble.made[0]?.become("connected");
    expect(connections[0]?.sent.filter((name) => name === "report_join")).toHaveLength(traced ? 1 : 0);
  });

  it("tells when the meeting's longest time is over", async () => {
    await connect();
    expect(room.state.endsAt).toBeNull();
    connections[0]?.handlers.onMessage("welcome", { ...WELCOME, version: 2, room: { ...WELCOME.room, ends_at: 5 } });
    expect(room.state.endsAt).toBe(5);
  });

  it("is told of relays by the gateway, and asks it for new credentials before it looks for another way", async () => {
    await connect();
    const relay = (credential: string) => ({ urls: ["turn:turn.test"], username: "u", credential });
    const servers = () => PeerConnectionDouble.made.at(-1)?.setConfiguration.mock.lastCall;
    connections[0]?.handlers.onMessage("welcome", { ...WELCOME, resumed: true, ice_servers: [relay("old")] });
    expect(servers()).toEqual([expect.objectContaining({ iceServers: [relay("old")] })]);
    acknowledge = () => Promise.resolve({ ice_servers: [relay("new")] });
    PeerConnectionDouble.made.at(-2)?.become("failed");
    await vi.waitFor(() => {
      expect(servers()).toEqual([expect.objectContaining({ iceServers: [relay("new")] })]);
    });
    expect(connections[0]?.sent).toContain("get_ice_servers");
  });

  it("tells why it is closed to whose account was suspended, which others are not told", async () => {
    await connect();
    const left: RoomEvents["events"][number] = {
      type: "participant_left",
      version: 2,
      at: 1,
      participant_id: "p_1",
      reason: "access_lost",
      by: null,
    };
    connections[0]?.handlers.onMessage("events", { after: 1, version: 2, events: [left] });
    expect(room.state.status).toBe("connected");
    connections[0]?.handlers.onMessage("closing", { code: "account_suspended", message: "Why.", retry: false });
    expect(room.state).toMatchObject({ status: "closed", closeReason: { code: "account_suspended", message: "Why." } });
    expect(connections).toHaveLength(1);
  });

  it("takes the chat of the room that one comes into", async () => {
    await connect();
    const said = { id: "c", participant_id: "p", name: "Ada", text: "hi", at: 1, to: null, to_name: null, edited_at: null };
    connections[0]?.handlers.onMessage("chat", { chat: [{ ...said, breakout: { id: "b1", name: "One" } }] });
    expect(room.state.chat.map(({ text, breakout }) => [text, breakout])).toEqual([["hi", "One"]]);
  });

  it("closes the connection when the gateway has heard that one leaves", async () => {
    await connect();
    let hear: () => void = () => undefined;
    acknowledge = () =>
      new Promise((resolve) => {
        hear = () => {
          resolve({});
        };
      });
    const left = room.leave();
    expect(room.state.status).toBe("closed");
    expect(connections[0]).toMatchObject({ sent: ["leave_meeting"], isClosed: false });
    hear();
    await left;
    expect(connections[0]?.isClosed).toBe(true);
  });

  it("stays closed when one has left, whatever comes after", async () => {
    await connect();
    const made = PeerConnectionDouble.made.length;
    const left = room.leave();
    connections[0]?.handlers.onMessage("welcome", { ...WELCOME, participant_id: "p_2" });
    connections[0]?.handlers.onLost();
    await left;
    expect(room.state).toMatchObject({ status: "closed", closeReason: { code: "left" } });
    expect(PeerConnectionDouble.made).toHaveLength(made);
    expect(connections).toHaveLength(1);
  });

  it("opens no connection when one leaves while joining", async () => {
    const connected = room.connect();
    await room.leave();
    giveTicket();
    await expect(connected).rejects.toMatchObject({ code: "left" });
    expect(connections).toHaveLength(0);
    expect(room.state.closeReason?.code).toBe("left");
  });
});
