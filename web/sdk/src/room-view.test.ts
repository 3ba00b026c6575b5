import { describe, expect, it } from "vitest";

import type { RoomModel } from "./room-model.js";
import { INITIAL_STATE, viewOf, type LocalView } from "./room-view.js";

const info = (id: string) => ({
  id,
  identity: id,
  name: id,
  role: "participant" as const,
  permissions: { publish: [], subscribe: true, chat: true, moderate: false, record: false, notes: true },
  joined_at: 0,
  connected: true,
  hand_raised: null,
  breakout: null,
  assigned_breakout: null,
  kind: "person" as const,
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
  chat: [{ id: "c", participant_id: "a", name: "a", text: "hi", at: 1, to: null, to_name: null, edited_at: null, breakout: null }],
  policy: { locked: false, lobby: false, unmute: true, rename: true, private_chat: true, notes: true, direct: false, e2ee: false },
  rolePermissions: [],
  spotlight: [],
  polls: new Map([
    [
      "q",
      {
        id: "q",
        participant_id: "a",
        question: "?",
        options: ["x", "y"],
        multiple: false,
        votes: [0, 2],
        voters: 2,
        closed: false,
        prepared_id: "pp_1",
      },
    ],
  ]),
  myVotes: new Map([["q", [1]]]),
  lobby: [],
  breakouts: null,
  banned: [],
  recording: null,
  broadcast: null,
  broadcastEnd: null,
  ingresses: new Map(),
  ingressEnd: null,
  recordingKind: "composite",
      recordingEnd: null,
  endsAt: null,
};
const local: LocalView = {
  status: "connected",
  media: "connected",
  path: "node",
  closeReason: null,
  audioBlocked: false,
  selfId: "a",
  mediaTracks: new Map(),
  speaking: new Set(),
  activeSpeakers: null,
  starved: new Set(),
  unplayable: new Map(),
  camerasShown: null,
  sound: { form: "separate", reason: null },
  qualities: new Map(),
  encryption: null,
  reactions: [],
  lobbyMessage: null,
  notes: { text: "", isSaved: true, refusal: null, takenBack: "" },
  unmuteRequest: null,
};

describe("viewOf", () => {
  const first = viewOf(model, local, INITIAL_STATE);

  it("tells oneself from others, and one's own messages", () => {
    expect(first.self?.id).toBe("a");
    expect(first.participants.map((participant) => participant.isSelf)).toEqual([true, false]);
    expect(first.chat[0]?.isOwn).toBe(true);
    expect(first.participants[1]?.tracks[0]?.mediaTrack).toBeNull();
  });

  it("says how connections to the node are, as far as the node is used", () => {
    const of = (view: LocalView) => viewOf(model, view, first).participants.map(({ connectionQuality }) => connectionQuality);
    const told: LocalView = { ...local, qualities: new Map([["b", "poor"]]) };
    expect(of(local)).toEqual([null, null]);
    expect(of(told)).toEqual([null, "poor"]);
    expect(of({ ...told, path: "direct" })).toEqual([null, null]);
  });

  it("shows who speaks as the node tells it, and by its own measure where it does not", () => {
    const speakers = (view: LocalView): readonly string[] => {
      const { activeSpeakers, participants } = viewOf(model, view, first);
      const marked = participants.filter(({ speaking }) => speaking).map(({ id }) => id);
      expect(marked.sort()).toEqual([...activeSpeakers].sort());
      return activeSpeakers;
    };
    const measured: LocalView = { ...local, speaking: new Set(["b"]) };
    expect(speakers(measured)).toEqual(["b"]);
    expect(speakers({ ...measured, activeSpeakers: [] })).toEqual([]);
    expect(speakers({ ...measured, activeSpeakers: ["b", "gone", "a"] })).toEqual(["b", "a"]);
    expect(speakers({ ...measured, activeSpeakers: ["a"], path: "direct" })).toEqual(["b"]);
    const encoder = new Map([...model.participants]).set("b", { ...info("b"), kind: "stream" as const });
    const streamed = viewOf({ ...model, participants: encoder }, { ...measured, activeSpeakers: ["a"] }, first);
    expect(streamed.activeSpeakers).toEqual(["a", "b"]);
  });

  it("says which pictures do not come, unless they come directly", () => {
    const id = first.participants[1]?.tracks[0]?.id ?? "";
    const isStarved = (view: LocalView) => viewOf(model, view, first).participants[1]?.tracks[0]?.starved;
    expect(isStarved(local)).toBe(false);
    expect(isStarved({ ...local, starved: new Set([id]) })).toBe(true);
    expect(isStarved({ ...local, starved: new Set([id]), path: "direct" })).toBe(false);
    const isUnplayable = (view: LocalView) => viewOf(model, view, first).participants[1]?.tracks[0]?.unplayable;
    expect(isUnplayable({ ...local, starved: new Set([id]) })).toBeNull();
    expect(isUnplayable({ ...local, unplayable: new Map([[id, "encrypted"]]) })).toBe("encrypted");
  });

  it("says which cameras are not among those that are to be seen, unless they come directly", () => {
    const id = first.participants[1]?.tracks[0]?.id ?? "";
    const isHidden = (view: LocalView) => viewOf(model, view, first).participants[1]?.tracks[0]?.hidden;
    expect(isHidden(local)).toBe(false);
    expect(isHidden({ ...local, camerasShown: new Set([id]) })).toBe(false);
    expect(isHidden({ ...local, camerasShown: new Set() })).toBe(true);
    expect(isHidden({ ...local, camerasShown: new Set(), path: "direct" })).toBe(false);
    expect(isHidden({ ...local, camerasShown: new Set(), selfId: "b" })).toBe(false);
  });

  it("shows how the votes stand, and one's own", () => {
    expect(first.polls[0]?.options.map(({ votes, isMine }) => [votes, isMine])).toEqual([
      [0, false],
      [2, true],
    ]);
    expect(first.polls[0]?.hasVoted).toBe(true);
    expect(first.polls[0]?.preparedId).toBe("pp_1");
  });

  it("shows who came only to watch apart from the others", () => {
    const players = new Map([...model.participants]).set("v", { ...info("v"), kind: "viewer" as const });
    const watched = viewOf({ ...model, participants: players }, local, first);
    expect(watched.participants).toBe(first.participants);
    expect(watched.viewers.map(({ id }) => id)).toEqual(["v"]);
    expect(viewOf({ ...model, participants: players, version: 3 }, local, watched).viewers).toBe(watched.viewers);
  });

  it("shows who is in the same room", () => {
    const breakouts = { rooms: [{ id: "b1", name: "One" }], free_choice: true, ends_at: 5 };
    const apart = new Map([...model.participants]).set("b", { ...info("b"), breakout: "b1", assigned_breakout: "b1" });
    const split = viewOf({ ...model, breakouts, participants: apart }, local, first);
    expect(split.breakouts).toEqual({ rooms: breakouts.rooms, freeChoice: true, endsAt: 5 });
    expect(split.nearby.map(({ id }) => id)).toEqual(["a"]);
    expect(split.participants.map(({ breakout }) => breakout)).toEqual([null, "b1"]);
    expect(first.nearby).toBe(first.participants);
    const again = viewOf({ ...model, breakouts, participants: apart, version: 3 }, local, split);
    expect([again.nearby === split.nearby, again.breakouts === split.breakouts]).toEqual([true, true]);
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
