import { describe, expect, it } from "vitest";

import { person } from "../layout/people-fixture.js";
import { raisedFirst } from "./raised-hands.js";

describe("raisedFirst", () => {
  it("puts raised hands first, in their order, and leaves the rest", () => {
    const people = [person("a"), person("b", { handRaised: 9 }), person("c"), person("d", { handRaised: 4 })];
    expect(raisedFirst(people).map(({ participant, place }) => [participant.id, place])).toEqual([
      ["d", 1],
      ["b", 2],
      ["a", null],
      ["c", null],
    ]);
  });
});
