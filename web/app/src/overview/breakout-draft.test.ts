import { describe, expect, it } from "vitest";
import { assignedEvenly, draftOf, planOf, withoutRoom } from "./breakout-draft.js";

const nameOf = (number: number) => `Room ${number}`;
const INVITED = ["a", "b", "c", "d"].map((key) => ({ key }));
const person = (key: string) => ({ key, name: null, address: key, userId: null });

describe("a plan of breakout rooms while it is written", () => {
  it("begins with two rooms, or with what there is", () => {
    expect(planOf(draftOf(null, nameOf), INVITED)).toEqual({
      rooms: [
        { name: "Room 1", invitees: [] },
        { name: "Room 2", invitees: [] },
      ],
      others: "evenly",
      minutes: null,
    });
    const rooms = [{ name: "Red", people: [person("b"), person("gone")] }];
    const draft = draftOf({ rooms, others: "stay", minutes: 7, version: 3 }, nameOf);
    expect(planOf(draft, INVITED)).toEqual({ rooms: [{ name: "Red", invitees: ["b"] }], others: "stay", minutes: 7 });
  });

  it("spreads those who are in no room, and leaves the others where they are", () => {
    const draft = { ...draftOf(null, nameOf), places: { d: 1, a: null } };
    expect(planOf(assignedEvenly(draft, INVITED), INVITED).rooms.map(({ invitees }) => invitees)).toEqual([
      ["b", "d"],
      ["a", "c"],
    ]);
  });

  it("loses nobody with a room", () => {
    const draft = withoutRoom(assignedEvenly(draftOf(null, nameOf), INVITED), 1);
    expect(planOf(draft, INVITED).rooms).toEqual([{ name: "Room 2", invitees: ["b", "d"] }]);
    expect(planOf(assignedEvenly(draft, INVITED), INVITED).rooms).toEqual([{ name: "Room 2", invitees: ["a", "b", "c", "d"] }]);
  });
});
