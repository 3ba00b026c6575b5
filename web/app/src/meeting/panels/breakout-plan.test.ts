import { describe, expect, it } from "vitest";
import { person } from "../layout/people-fixture.js";
import { breakoutPlan, enterable, plannedBreakouts } from "./breakout-plan.js";

const MODERATES = { publish: [], subscribe: true, chat: true, moderate: true, record: false, notes: true } as const;
const nameOf = (number: number) => `Room ${number}`;

describe("breakoutPlan", () => {
  it("spreads people evenly and leaves those who moderate where they are", () => {
    const people = [person("host", { permissions: MODERATES }), ...["a", "b", "c", "d", "e"].map((id) => person(id))];
    expect(breakoutPlan(people, 2, "evenly", nameOf)).toEqual([
      { name: "Room 1", participantIds: ["a", "c", "e"] },
      { name: "Room 2", participantIds: ["b", "d"] },
    ]);
  });

  it("takes a person with two stays once", () => {
    const people = [person("a", { identity: "u" }), person("b", { identity: "u" }), person("c")];
    expect(breakoutPlan(people, 2, "evenly", nameOf).map((room) => room.participantIds)).toEqual([["b"], ["c"]]);
  });

  it("assigns nobody where people choose, or are moved by hand", () => {
    for (const assignment of ["choose", "byHand"] as const) {
      const rooms = breakoutPlan([person("a")], 3, assignment, nameOf);
      expect(rooms.map((room) => room.participantIds)).toEqual([[], [], []]);
    }
  });
});

describe("plannedBreakouts", () => {
  const someone = (userId: string | null) => ({ key: userId ?? "x@example.org", name: null, address: null, userId });
  const plan = {
    rooms: [
      { name: "Red", people: [someone("u1"), someone("gone"), someone(null)] },
      { name: "Blue", people: [] },
    ],
  };
  const people = [
    person("host", { permissions: MODERATES }),
    person("a", { identity: "u1" }),
    ...["b", "c", "d"].map((id) => person(id)),
    person("d2", { identity: "user-d" }),
  ];

  it("names those who are known, and spreads the others over the rooms that have the fewest who are there", () => {
    expect(plannedBreakouts(plan, people, "evenly")).toEqual([
      { name: "Red", identities: ["u1", "gone"], participantIds: ["c"] },
      { name: "Blue", identities: [], participantIds: ["b", "d2"] },
    ]);
  });

  it("gives whoever was invited twice the first of their places", () => {
    const twice = {
      rooms: [
        { name: "Red", people: [someone("u1"), { ...someone("u1"), key: "u1@example.org" }] },
        { name: "Blue", people: [someone("u1"), someone("u2")] },
      ],
    };
    expect(plannedBreakouts(twice, people, "stay").map(({ identities }) => identities)).toEqual([["u1"], ["u2"]]);
  });

  it("leaves the others where they are, to choose or to stay", () => {
    for (const others of ["choose", "stay"] as const) {
      expect(plannedBreakouts(plan, people, others).map(({ participantIds }) => participantIds)).toEqual([[], []]);
    }
  });
});

describe("enterable", () => {
  const rooms = [{ id: "b1" }, { id: "b2" }];

  it("is the assigned room alone, unless one may choose or moderates", () => {
    const self = person("a", { assignedBreakout: "b2" });
    expect([...enterable(self, { rooms, freeChoice: false })]).toEqual(["b2"]);
    expect([...enterable(self, { rooms, freeChoice: true })]).toEqual(["b1", "b2"]);
    expect([...enterable({ ...self, permissions: MODERATES }, { rooms, freeChoice: false })]).toEqual(["b1", "b2"]);
  });

  it("is not the room one is in", () => {
    const self = person("a", { assignedBreakout: "b2", breakout: "b2" });
    expect([...enterable(self, { rooms, freeChoice: false })]).toEqual([]);
  });
});
