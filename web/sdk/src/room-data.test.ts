import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import golden from "../../../tests/data/data_messages.json" with { type: "json" };
import { DataChannels } from "./data-channels.js";
import { RoomData, type ReceivedData } from "./room-data.js";
import type { DataSentEvent, SendData } from "./wire.js";

class ChannelDouble extends EventTarget {
  readyState: RTCDataChannelState = "connecting";
  bufferedAmount = 0;
  binaryType = "";
  readonly sent: Uint8Array[] = [];

  constructor(
    readonly label: string,
    readonly init: RTCDataChannelInit = {},
  ) {
    super();
  }

  send(message: Uint8Array): void {
    this.sent.push(message);
  }

  become(state: "open" | "closed"): void {
    this.readyState = state;
    this.dispatchEvent(new Event(state === "open" ? "open" : "close"));
  }

  receive(message: Uint8Array<ArrayBuffer>): void {
    this.dispatchEvent(new MessageEvent("message", { data: message.buffer }));
  }
}

class ConnectionDouble {
  readonly channels: ChannelDouble[] = [];
  readonly sctp = { state: "connected" };

  createDataChannel(label: string, init?: RTCDataChannelInit): ChannelDouble {
    const channel = new ChannelDouble(label, init);
    this.channels.push(channel);
    return channel;
  }
}

/** A node's answer, as `contracts/data_messages.py` writes it. */
function answered(number: number, code: string, missed: readonly string[]): Uint8Array<ArrayBuffer> {
  const text = (value: string) => [...new TextEncoder().encode(value)];
  const ids = missed.flatMap((id) => [id.length, ...text(id)]);
  return Uint8Array.from([3, 0, 0, 0, number, code.length, 0, missed.length, ...text(code), ...ids]);
}

const event = (fields: Partial<DataSentEvent>): DataSentEvent => ({
  type: "data_sent",
  version: 1,
  at: 0,
  participant_id: "p_2",
  topic: "t",
  data: "",
  base64: false,
  ...fields,
});

describe("RoomData", () => {
  let connection: ConnectionDouble;
  let channels: DataChannels;
  let data: RoomData;
  let overGateway: SendData[];
  let heard: ReceivedData[];
  const [reliable, lossy] = [0, 1].map((index) => () => {
    const channel = connection.channels[index];
    if (channel === undefined) throw new Error("no such channel yet");
    return channel;
  }) as [() => ChannelDouble, () => ChannelDouble];
  const bytes = Uint8Array.of(1, 255);

  beforeEach(() => {
    vi.useFakeTimers();
    connection = new ConnectionDouble();
    overGateway = [];
    heard = [];
    channels = new DataChannels((message) => {
      data.heard(message);
    });
    let isOpen = false;
    data = new RoomData({
      channels,
      open: () => {
        if (!isOpen) channels.open(connection as unknown as RTCPeerConnection);
        isOpen = true;
      },
      send: (command) => {
        overGateway.push(command);
        return Promise.resolve();
      },
    });
  });
  afterEach(() => {
    channels.close();
    vi.useRealTimers();
  });

  const listen = () => data.onMessage((message) => heard.push(message));

  it("opens both channels with the first use, once", async () => {
    listen();
    await data.send(bytes, { topic: "t" });
    expect(connection.channels.map(({ label, init }) => [label, init])).toEqual([
      ["parley-reliable", {}],
      ["parley-lossy", { ordered: false, maxRetransmits: 0 }],
    ]);
  });

  it("goes over the gateway until there is a channel", async () => {
    await data.send(bytes, { topic: "t", to: ["p_2"] });
    expect(overGateway).toEqual([{ topic: "t", data: "Af8=", base64: true, to: ["p_2"] }]);
    await expect(data.send(new Uint8Array(7000), { topic: "t" })).rejects.toMatchObject({ code: "payload_too_large" });
    reliable().become("open");
    void data.send(bytes, { topic: "t" }).catch(() => undefined);
    expect(reliable().sent).toHaveLength(1);
    expect(overGateway).toHaveLength(1);
  });

  it("resolves when the node has sent a reliable message on, and sends the rest over the gateway", async () => {
    listen();
    reliable().become("open");
    const sent = data.send(bytes, { topic: "t" });
    reliable().receive(answered(1, "", ["p_7", "p_8"]));
    await sent;
    expect(overGateway).toEqual([{ topic: "t", data: "Af8=", base64: true, to: ["p_7", "p_8"] }]);
  });

  it("rejects with the node's refusal", async () => {
    listen();
    reliable().become("open");
    const refused = expect(data.send(bytes, { topic: "t" })).rejects.toMatchObject({ code: "rate_limited" });
    reliable().receive(answered(1, "rate_limited", []));
    await refused;
  });

  it("does not know what became of a message whose channel was lost, and opens another one", async () => {
    listen();
    reliable().become("open");
    const unknown = expect(data.send(bytes, { topic: "t" })).rejects.toMatchObject({ code: "outcome_unknown" });
    reliable().become("closed");
    await unknown;
    vi.advanceTimersByTime(2_000);
    expect(connection.channels.map(({ label }) => label)).toEqual(["parley-reliable", "parley-lossy", "parley-reliable"]);
  });

  it("sends lossy messages without waiting, and few of them over the gateway", async () => {
    for (let count = 0; count < 20; count++) await data.send(bytes, { topic: "t", reliable: false });
    expect(overGateway).toHaveLength(5);
    lossy().become("open");
    await data.send(bytes, { topic: "t", reliable: false });
    expect(lossy().sent).toHaveLength(1);
    lossy().bufferedAmount = 1_000_000;
    await data.send(bytes, { topic: "t", reliable: false });
    expect(lossy().sent).toHaveLength(1);
  });

  it.each([
    [new Uint8Array(16 * 1024 + 1), { topic: "t" }, "payload_too_large"],
    [new Uint8Array(1025), { topic: "t", reliable: false }, "payload_too_large"],
    [bytes, { topic: "" }, "validation_failed"],
    [bytes, { topic: "é".repeat(33) }, "validation_failed"],
    [bytes, { topic: "t", to: [] }, "validation_failed"],
  ])("refuses what no node would take", async (payload, options, code) => {
    await expect(data.send(payload, options)).rejects.toMatchObject({ code });
    expect(overGateway).toEqual([]);
  });

  it("tells what comes by a channel and what comes over the gateway in one form", () => {
    listen();
    const row = golden.from_node[0];
    lossy().receive(Uint8Array.from(row?.bytes.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
    data.sent(event({ data: "Af8=", base64: true }), "p_1");
    data.sent(event({ participant_id: null, data: "ü" }), "p_1");
    data.sent(event({ participant_id: "p_1", data: "our own" }), "p_1");
    data.sent(event({ data: "no Base64 at all", base64: true }), "p_1");
    expect(heard).toEqual([
      { participantId: "p_1", topic: "größe", payload: Uint8Array.of(0, 255) },
      { participantId: "p_2", topic: "t", payload: bytes },
      { participantId: null, topic: "t", payload: new TextEncoder().encode("ü") },
    ]);
  });
});
