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

  it("speaks messages of others unless the chat is open", () => {
    const message = { id: "1", participantId: "a", name: "Ada", text: "hi", at: 0, isOwn: false };
    const after = room([me, ada], { chat: [message, { ...message, id: "2", isOwn: true }] });
    expect(happenings(room([me, ada]), after, en, false).spoken).toEqual(["Ada: hi"]);
    expect(happenings(room([me, ada]), after, en, true).spoken).toEqual([]);
  });
});
