import { describe, expect, it } from "vitest";

import { applied, modelOf, peerOf, voted, type RoomModel } from "./room-model.js";
import type { ParticipantInfo, PollInfo, RoomEvents, RoomSync, TrackInfo } from "./wire.js";

const participant = (id: string): ParticipantInfo => ({
  id,
  identity: `u_${id}`,
  name: id,
  role: "participant",
  permissions: { publish: [], subscribe: true, chat: true, moderate: false, record: false, notes: true },
  joined_at: 0,
  connected: true,
  hand_raised: null,
  breakout: null,
  assigned_breakout: null,
  kind: "person" as const,
});
const track = (id: string, owner: string): TrackInfo => ({
  id,
  participant_id: owner,
  source: "camera",
  kind: "video",
  muted: false,
});
const welcome: RoomSync = {
  version: 10,
  room: {
    meeting_id: "m",
    started_at: 1,
    participants: [participant("a")],
    tracks: [track("t", "a")],
    chat: [],
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
const message = (after: number, ...events: RoomEvents["events"]): RoomEvents => ({
  after,
  version: after + Math.max(1, events.length),
  events,
});

function after(model: RoomModel, next: RoomEvents): RoomModel {
  const result = applied(model, next);
  if (result === "gap") throw new Error("gap");
  return result;
}

describe("peerOf", () => {
  const room = modelOf(welcome).participants;
  const direct = { ...modelOf(welcome), policy: { ...welcome.room.policy, direct: true } };
  const withB = { ...direct, participants: new Map(room).set("b", participant("b")) };

  it("is the only other one in the room, and the first by id offers", () => {
    expect(peerOf(direct, "a")).toBeNull();
    expect(peerOf(withB, "a")).toEqual({ id: "b", offers: true });
    expect(peerOf(withB, "b")).toEqual({ id: "a", offers: false });
    expect(peerOf({ ...withB, policy: welcome.room.policy }, "a")).toBeNull();
    const recording = { id: "r", started_at: 1, by: "a", kind: "composite", layout: "grid" } as const;
    expect(peerOf({ ...withB, recording }, "a"), "who is recorded goes through the node").toBeNull();
    const away = new Map(["a", "b"].map((id) => [id, { ...participant(id), breakout: "b1" }]));
    expect(peerOf({ ...withB, recording, participants: away }, "a")?.id, "breakout rooms are not recorded").toBe("b");
    const third = new Map(withB.participants).set("c", participant("c"));
    expect(peerOf({ ...withB, participants: third }, "a")).toBeNull();
    const elsewhere = new Map(third).set("c", { ...participant("c"), breakout: "b1" });
    expect(peerOf({ ...withB, participants: elsewhere }, "a")?.id).toBe("b");
  });
});

describe("applied", () => {
  const start = modelOf(welcome);

  it("tells of a stream that is brought in, how it does, and how it ended", () => {
    const ingress = {
      id: "i", kind: "rtmp", name: "Studio", screen: false, by: "a", started_at: 5, state: "waiting", address: "rtmp://x/live",
      participant_id: null, reason: null,
    } as const;
    const started = { type: "ingress_started", version: 11, at: 5, ingress } as const;
    const live = { state: "live", address: "rtmp://x/live", participant_id: "p", reason: null } as const;
    const changed = { type: "ingress_changed", version: 12, at: 6, ingress_id: "i", ...live } as const;
    const begun = after(start, message(10, started, changed, { ...changed, version: 13, ingress_id: "other" }));
    expect([...begun.ingresses.values()]).toEqual([{ ...ingress, ...live }]);
    const stopped = { type: "ingress_stopped", version: 14, at: 7, ingress_id: "i", end: "failed", by: null, reason: "lost" } as const;
    const over = after(begun, message(13, stopped));
    expect([over.ingresses.size, over.ingressEnd]).toEqual([0, { name: "Studio", end: "failed", reason: "lost" }]);
  });

  it("tells of a broadcast while it is on, how its servers do, and why it is over", () => {
    const started = { type: "broadcast_started", version: 11, at: 5, broadcast_id: "b", by: "a", layout: "speaker", watch_key: "w" } as const;
    const targets = [{ id: "t1", host: "a.example", state: "live", reason: null }] as const;
    const changed = { type: "broadcast_changed", version: 12, at: 6, broadcast_id: "b", targets } as const;
    const begun = after(start, message(10, started, changed, { ...changed, version: 13, broadcast_id: "other", targets: [] }));
    expect(begun.broadcast).toEqual({ id: "b", started_at: 5, by: "a", layout: "speaker", watch_key: "w", targets });
    const stopped = { type: "broadcast_stopped", version: 14, at: 7, broadcast_id: "b", reason: "failed", by: null } as const;
    expect(after(begun, message(13, stopped))).toMatchObject({ broadcast: null, broadcastEnd: "failed" });
  });

  it("tells of a recording while it is made, and why it is over", () => {
    const begun = after(start, message(10, { type: "recording_started", version: 11, at: 5, recording_id: "r", by: "a", kind: "audio", layout: "grid" }));
    expect(begun.recording).toEqual({ id: "r", started_at: 5, by: "a", kind: "audio", layout: "grid" });
    const stopped = { type: "recording_stopped", version: 12, at: 6, recording_id: "r", reason: "failed", by: null } as const;
    expect(after(begun, message(11, stopped))).toMatchObject({ recording: null, recordingEnd: "failed" });
  });

  it("follows people into breakout rooms and back", () => {
    const breakouts = { rooms: [{ id: "b1", name: "One" }], free_choice: false, ends_at: null };
    const moves = (breakout: string | null) => [
      { participant_id: "a", breakout, assigned_breakout: breakout },
      { participant_id: "gone", breakout, assigned_breakout: breakout },
    ];
    const opened = after(
      start,
      message(
        10,
        { type: "breakouts_opened", version: 11, at: 5, breakouts, by: "h" },
        { type: "participants_moved", version: 12, at: 5, moves: moves("b1"), by: "h" },
      ),
    );
    expect(opened.breakouts).toEqual(breakouts);
    expect(opened.participants.get("a")).toMatchObject({ breakout: "b1", assigned_breakout: "b1" });
    const closed = after(
      opened,
      message(
        12,
        { type: "participants_moved", version: 13, at: 6, moves: moves(null), by: null },
        { type: "breakouts_closed", version: 14, at: 6, by: null },
      ),
    );
    expect(closed.breakouts).toBeNull();
    expect(closed.participants.get("a")?.breakout).toBeNull();
  });

  it("takes events in order", () => {
    const joined = after(start, message(10, { type: "participant_joined", version: 11, at: 5, participant: participant("b") }));
    const published = after(joined, message(11, { type: "track_published", version: 12, at: 6, track: track("u", "b") }));
    const muted = after(
      published,
      message(12, { type: "track_muted", version: 13, at: 7, track_id: "u", participant_id: "b", by: "a" }),
    );
    expect([...muted.participants.keys()]).toEqual(["a", "b"]);
    expect(muted.tracks.get("u")?.muted).toBe(true);
    expect(muted.version).toBe(13);
  });

  it("takes the tracks of who leaves along", () => {
    const left = after(
      start,
      message(10, { type: "participant_left", version: 11, at: 5, participant_id: "a", reason: "left", by: null }),
    );
    expect(left.participants.size + left.tracks.size).toBe(0);
  });

  it("moves on over versions that concern the services alone", () => {
    expect(after(start, message(10)).version).toBe(11);
  });

  it("knows what it has seen, whole or in part", () => {
    const joined = { type: "participant_joined", version: 11, at: 5, participant: participant("b") } as const;
    const left = { type: "participant_left", version: 12, at: 6, participant_id: "b", reason: "left", by: null } as const;
    const both = after(after(start, message(10, joined)), message(10, joined, left));
    expect([...both.participants.keys()]).toEqual(["a"]);
    expect(applied(both, message(10, joined))).toBe(both);
  });

  it("sees a gap and changes nothing", () => {
    expect(applied(start, message(11))).toBe("gap");
  });

  it("follows people, hands and rules", () => {
    const permissions = { publish: [], subscribe: true, chat: false, moderate: true, record: true, notes: true };
    const { policy } = welcome.room;
    const next = after(
      start,
      message(
        10,
        { type: "hand_raised", version: 11, at: 5, participant_id: "a" },
        { type: "participant_renamed", version: 12, at: 5, participant_id: "a", name: "Ada", by: "a" },
        { type: "role_changed", version: 13, at: 5, participant_id: "a", role: "cohost", permissions, by: "b" },
        { type: "policy_changed", version: 14, at: 5, policy: { ...policy, lobby: true }, by: "b" },
        { type: "lobby_joined", version: 15, at: 5, guest: { id: "g", identity: "g_1", name: "G", since: 5 } },
        { type: "spotlight_changed", version: 16, at: 5, participant_ids: ["a"], by: "b" },
      ),
    );
    expect(next.participants.get("a")).toMatchObject({ hand_raised: 11, name: "Ada", role: "cohost", permissions });
    expect(next.policy.lobby).toBe(true);
    expect(next.lobby.map(({ id }) => id)).toEqual(["g"]);
    expect(next.spotlight).toEqual(["a"]);
    const gone = after(
      next,
      message(
        16,
        { type: "lobby_left", version: 17, at: 6, participant_id: "g" },
        { type: "hand_lowered", version: 18, at: 6, participant_id: "a", by: "b" },
        { type: "participant_left", version: 19, at: 6, participant_id: "a", reason: "left", by: null },
      ),
    );
    expect([gone.lobby, gone.spotlight]).toEqual([[], []]);
  });

  it("changes and removes what was said", () => {
    const said = { id: "c", participant_id: "a", name: "a", text: "x", at: 5, to: null, to_name: null, edited_at: null, breakout: null };
    const edited = after(
      start,
      message(
        10,
        { type: "chat_sent", version: 11, at: 5, message: said },
        { type: "chat_edited", version: 12, at: 6, message_id: "c", text: "y" },
      ),
    );
    expect(edited.chat).toEqual([{ ...said, text: "y", edited_at: 6 }]);
    expect(after(edited, message(12, { type: "chat_removed", version: 13, at: 7, message_id: "c", by: "a" })).chat).toEqual([]);
  });

  it("counts votes, and knows one's own", () => {
    const poll: PollInfo = {
      id: "q",
      participant_id: "a",
      question: "?",
      options: ["x", "y"],
      multiple: false,
      votes: [0, 0],
      voters: 0,
      closed: false,
      prepared_id: null,
    };
    const next = after(
      start,
      message(
        10,
        { type: "poll_created", version: 11, at: 5, poll },
        { type: "poll_voted", version: 12, at: 6, poll_id: "q", votes: [0, 1], voters: 1 },
        { type: "poll_closed", version: 13, at: 7, poll_id: "q" },
      ),
    );
    expect(voted(next, "q", [1]).myVotes.get("q")).toEqual([1]);
    expect(next.polls.get("q")).toEqual({ ...poll, votes: [0, 1], voters: 1, closed: true });
  });

  it("ignores events about what is gone", () => {
    const next = after(
      start,
      message(
        10,
        { type: "track_muted", version: 11, at: 5, track_id: "no", participant_id: "a", by: "a" },
        { type: "participant_disconnected", version: 12, at: 5, participant_id: "no" },
      ),
    );
    expect(next.tracks).toEqual(start.tracks);
    expect(next.participants).toEqual(start.participants);
  });
});
