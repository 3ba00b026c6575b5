import { INITIAL_STATE, type ParticipantState, type RoomState } from "@parley/sdk";
import { describe, expect, it } from "vitest";
import { en } from "../../messages/en.js";
import { person, track } from "../layout/people-fixture.js";
import { happenings } from "./Announcer.js";

const room = (participants: readonly ParticipantState[], change: Partial<RoomState> = {}): RoomState => ({
  ...INITIAL_STATE,
  status: "connected",
  participants,
  ...change,
});
const me = person("me", { isSelf: true });
const ada = person("a", { name: "Ada" });
const bo = person("b", { name: "Bo" });

describe("happenings", () => {
  it("says who comes and who goes", () => {
    expect(happenings(room([me, ada]), room([me, bo]), en, false).shown).toEqual(["Bo joined", "Ada left"]);
  });

  it("puts several into one sentence", () => {
    expect(happenings(room([me]), room([me, ada, bo]), en, false).shown).toEqual(["2 people joined"]);
  });

  it("says nothing of those who are there when one arrives", () => {
    expect(happenings(room([], { status: "connecting" }), room([me, ada, bo]), en, false).shown).toEqual([]);
  });

  it("says who begins to share", () => {
    const sharing = { ...ada, tracks: [track("a", "screen")] };
    expect(happenings(room([me, ada]), room([me, sharing]), en, false).shown).toEqual(["Ada shares the screen"]);
  });

  it("tells of raised hands, and those who run the meeting of who waits", () => {
    const raised = { ...ada, handRaised: 5 };
    expect(happenings(room([me, ada]), room([me, raised]), en, false).shown).toEqual(["Ada raised a hand"]);
    const waiting = room([me, ada], { lobby: [{ id: "g", name: "Gus", since: 1 }] });
    expect(happenings(room([me, ada]), waiting, en, false).shown).toEqual(["Gus wants to come in"]);
  });

  it("speaks messages of others unless the chat is open", () => {
    const message = {
      id: "1",
      participantId: "a",
      name: "Ada",
      text: "hi",
      at: 1,
      isOwn: false,
      to: null,
      toName: null,
      editedAt: null,
      breakout: null,
    };
    const after = room([me, ada], { chat: [message, { ...message, id: "2", isOwn: true }] });
    expect(happenings(room([me, ada]), after, en, false).spoken).toEqual(["Ada: hi"]);
    expect(happenings(room([me, ada]), after, en, true).spoken).toEqual([]);
  });

  it("says that it is recorded, also to who joins then, and why it is over", () => {
    const recorded = room([me], { recording: { id: "r", startedAt: 1, by: "a", kind: "composite" } });
    expect(happenings(room([me]), recorded, en, false).shown).toEqual([en.recording.started]);
    expect(happenings(INITIAL_STATE, recorded, en, false).shown).toEqual([en.recording.started]);
    expect(happenings(recorded, { ...recorded }, en, false).shown).toEqual([]);
    expect(happenings(recorded, room([me], { recordingEnd: "asked" }), en, false).shown).toEqual([en.recording.stopped]);
    expect(happenings(recorded, room([me], { recordingEnd: "failed" }), en, false).shown).toEqual([en.recording.failed]);
  });

  it("says that it is streamed live, also to who joins then, and why it is over", () => {
    const live = room([me], { broadcast: { id: "b", startedAt: 1, by: "a", watchKey: "w", targets: [] } });
    expect(happenings(room([me]), live, en, false).shown).toEqual([en.broadcast.started]);
    expect(happenings(INITIAL_STATE, live, en, false).shown).toEqual([en.broadcast.started]);
    expect(happenings(live, { ...live }, en, false).shown).toEqual([]);
    expect(happenings(live, room([me], { broadcastEnd: "asked" }), en, false).shown).toEqual([en.broadcast.stopped]);
    expect(happenings(live, room([me], { broadcastEnd: "failed" }), en, false).shown).toEqual([en.broadcast.failed]);
  });

  it("says where one has been moved, and not what was said there before", () => {
    const breakouts = { rooms: [{ id: "b", name: "Room 1" }], freeChoice: false, endsAt: null };
    const there = { ...me, breakout: "b" };
    const inRoom = room([there, ada], { breakouts, self: there });
    expect(happenings(room([me, ada], { breakouts, self: me }), inRoom, en, false).shown).toEqual(["You are in Room 1"]);
    expect(happenings(inRoom, room([me, ada], { self: me }), en, false).shown).toEqual(["You are in the main room"]);
  });
});
