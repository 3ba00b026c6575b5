import { describe, expect, it } from "vitest";

import golden from "../../../tests/data/data_messages.json" with { type: "json" };
import { decodeFromNode, encodeSaid } from "./data-messages.js";

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

describe("messages on data channels", () => {
  it.each(golden.said)("writes what the node reads: $topic", ({ bytes, payload, ...said }) => {
    expect(hexOf(encodeSaid({ ...said, payload: bytesOf(payload) }))).toBe(bytes);
  });

  it.each(golden.from_node)("reads what the node writes: $type", ({ bytes, ...message }) => {
    const read = decodeFromNode(bytesOf(bytes).buffer);
    expect(read?.type === "heard" ? { ...read, payload: hexOf(read.payload) } : read).toEqual(message);
  });

  it("takes no message that is cut off or of a kind it does not know", () => {
    const whole = bytesOf(golden.from_node[2]?.bytes ?? "");
    for (let length = 0; length < whole.length; length++) expect(decodeFromNode(whole.slice(0, length).buffer)).toBeNull();
    expect(decodeFromNode(new Uint8Array([9, 0, 0]).buffer)).toBeNull();
    expect(decodeFromNode(new Uint8Array([2, 1, 0, 0xff]).buffer)).toBeNull();
  });
});
