import { describe, expect, it } from "vitest";

import type { RoomModel } from "./room-model.js";
import { INITIAL_STATE, viewOf, type LocalView } from "./room-view.js";

const info = (id: string) => ({
  id,
  identity: id,
  name: id,
  role: "participant" as const,
  permissions: { publish: [], subscribe: true, chat: true, moderate: false, record: false },
  joined_at: 0,
  connected: true,
});
const model: RoomModel = {
  version: 1,
  meetingId: "m",
  startedAt: 1,
  participants: new Map([
    ["a", info("a")],
    ["b", info("b")],
  ]),
  tracks: new Map([["t", { id: "t", participant_id: "b", source: "camera", kind: "video", muted: false }]]),
  chat: [{ id: "c", participant_id: "a", name: "a", text: "hi", at: 1 }],
};
const local: LocalView = {
  status: "connected",
  media: "connected",
  closeReason: null,
  audioBlocked: false,
  selfId: "a",
  mediaTracks: new Map(),
  speaking: new Set(),
};

describe("viewOf", () => {
  const first = viewOf(model, local, INITIAL_STATE);

  it("tells oneself from others, and one's own messages", () => {
    expect(first.self?.id).toBe("a");
    expect(first.participants.map((participant) => participant.isSelf)).toEqual([true, false]);
    expect(first.chat[0]?.isOwn).toBe(true);
    expect(first.participants[1]?.tracks[0]?.mediaTrack).toBeNull();
  });

  it("keeps the identity of what has not changed", () => {
    const again = viewOf({ ...model, version: 2 }, local, first);
    expect(again.participants).toBe(first.participants);
    expect(again.chat).toBe(first.chat);
    const spoken = viewOf(model, { ...local, speaking: new Set(["b"]) }, first);
    expect(spoken.participants[0]).toBe(first.participants[0]);
    expect(spoken.participants[1]).not.toBe(first.participants[1]);
    expect(spoken.participants[1]?.tracks).toBe(first.participants[1]?.tracks);
  });

  it("keeps what was said when there is no model any more", () => {
    expect(viewOf(null, { ...local, status: "closed" }, first).chat).toBe(first.chat);
  });
});
