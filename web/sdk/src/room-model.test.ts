import { describe, expect, it } from "vitest";

import { applied, modelOf, type RoomModel } from "./room-model.js";
import type { ParticipantInfo, RoomEvents, TrackInfo, Welcome } from "./wire.js";

const participant = (id: string): ParticipantInfo => ({
  id,
  identity: `u_${id}`,
  name: id,
  role: "participant",
  permissions: { publish: [], subscribe: true, chat: true, moderate: false, record: false },
  joined_at: 0,
  connected: true,
});
const track = (id: string, owner: string): TrackInfo => ({
  id,
  participant_id: owner,
  source: "camera",
  kind: "video",
  muted: false,
});
const welcome: Welcome = {
  participant_id: "a",
  resume_secret: "s",
  grace_ms: 30_000,
  version: 10,
  resumed: false,
  room: { meeting_id: "m", started_at: 1, participants: [participant("a")], tracks: [track("t", "a")], chat: [] },
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

describe("applied", () => {
  const start = modelOf(welcome);

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
      message(10, { type: "participant_left", version: 11, at: 5, participant_id: "a", reason: "left" }),
    );
    expect(left.participants.size + left.tracks.size).toBe(0);
  });

  it("moves on over versions that concern the services alone", () => {
    expect(after(start, message(10)).version).toBe(11);
  });

  it("knows what it has seen, whole or in part", () => {
    const joined = { type: "participant_joined", version: 11, at: 5, participant: participant("b") } as const;
    const left = { type: "participant_left", version: 12, at: 6, participant_id: "b", reason: "left" } as const;
    const both = after(after(start, message(10, joined)), message(10, joined, left));
    expect([...both.participants.keys()]).toEqual(["a"]);
    expect(applied(both, message(10, joined))).toBe(both);
  });

  it("sees a gap and changes nothing", () => {
    expect(applied(start, message(11))).toBe("gap");
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
