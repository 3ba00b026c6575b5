import type { ParticipantState } from "@parley/sdk";
import { describe, expect, it } from "vitest";
import { arrange, type ArrangeInput } from "./arrange.js";
import { person, track } from "./people-fixture.js";
import { nextOrder, tilesOf } from "./tiles.js";
import { wishesOf } from "./wishes.js";

const BOX = { width: 1408, height: 790 };

function others(count: number): ParticipantState[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `p${index}`;
    return person(id, { tracks: [track(id, "camera")] });
  });
}

const me = person("me", { isSelf: true, tracks: [track("me", "camera", { isLocal: true })] });

function input(participants: readonly ParticipantState[], change: Partial<ArrangeInput> = {}): ArrangeInput {
  const { people, screens } = tilesOf(participants);
  return {
    others: people.filter(({ participant }) => !participant.isSelf),
    self: people.find(({ participant }) => participant.isSelf) ?? null,
    screens,
    pinned: null,
    isSelfHidden: false,
    page: 0,
    box: BOX,
    ...change,
  };
}

const keys = (participants: readonly ParticipantState[], change: Partial<ArrangeInput> = {}) =>
  arrange(input(participants, change)).placements.map(({ tile, place }) => `${place} ${tile.key}`);

describe("arrange", () => {
  it("gives all of the area to oneself alone, on a phone too", () => {
    const phone = { width: 374, height: 714 };
    expect(arrange(input([me], { box: phone })).placements).toMatchObject([{ place: "main", rect: { x: 0, y: 0, ...phone } }]);
  });

  it("shows the other big and oneself in the corner when there are two", () => {
    expect(keys([me, ...others(1)])).toEqual(["main p0", "corner me"]);
  });

  it("leaves oneself out when the self view is hidden", () => {
    expect(keys([me, ...others(1)], { isSelfHidden: true })).toEqual(["main p0"]);
    expect(keys([me], { isSelfHidden: true })).toEqual(["main me"]);
  });

  it("shows three people in a grid, oneself last", () => {
    expect(keys([me, ...others(2)])).toEqual(["grid p0", "grid p1", "grid me"]);
  });

  it("puts another's screen on the stage", () => {
    const sharer = person("s", { tracks: [track("s", "camera"), track("s", "screen")] });
    expect(keys([me, sharer])).toEqual(["main s-screen", "strip s", "strip me"]);
  });

  it("keeps one's own screen among the small tiles", () => {
    const sharing = { ...me, tracks: [...me.tracks, track("me", "screen", { isLocal: true })] };
    expect(keys([sharing, ...others(2)])).toEqual(["grid me-screen", "grid p0", "grid p1", "grid me"]);
  });

  it("puts the pinned tile on the stage, before a screen", () => {
    const sharer = person("s", { tracks: [track("s", "camera"), track("s", "screen")] });
    expect(keys([me, sharer, ...others(1)], { pinned: "p0" })[0]).toBe("main p0");
  });

  it("forgets a pin whose tile is gone", () => {
    expect(keys([me, ...others(1)], { pinned: "gone" })).toEqual(["main p0", "corner me"]);
  });

  it("divides many people into pages, with oneself on the first", () => {
    const everyone = [...others(40), me];
    const first = arrange(input(everyone));
    expect(first.pageCount).toBe(2);
    expect(first.placements).toHaveLength(25);
    expect(first.placements.at(-1)?.tile.key).toBe("me");
    const second = arrange(input(everyone, { page: 1 }));
    expect(second.placements).toHaveLength(16);
    const shown = [...first.placements, ...second.placements].map(({ tile }) => tile.key);
    expect(new Set(shown).size).toBe(41);
  });

  it("stays on the last page when people leave", () => {
    expect(arrange(input([...others(40), me], { page: 9 })).page).toBe(1);
  });
});

describe("nextOrder", () => {
  it("is the same list when nothing has changed", () => {
    const order = ["p0", "p1"];
    expect(nextOrder(order, [me, ...others(2)], 9)).toBe(order);
  });

  it("adds newcomers at the end and drops those who left", () => {
    expect(nextOrder(["p9", "p1"], others(3), 9)).toEqual(["p1", "p0", "p2"]);
  });

  it("moves nobody when a speaker is in sight", () => {
    const order = ["p0", "p1", "p2"];
    const speaking = others(3).map((one) => ({ ...one, speaking: one.id === "p1" }));
    expect(nextOrder(order, speaking, 2)).toBe(order);
  });

  it("swaps a speaker out of sight with the last silent one in sight", () => {
    const speaking = others(5).map((one) => ({ ...one, speaking: one.id === "p4" || one.id === "p1" }));
    expect(nextOrder(["p0", "p1", "p2", "p3", "p4"], speaking, 2)).toEqual(["p4", "p1", "p2", "p3", "p0"]);
  });
});

describe("wishesOf", () => {
  it("asks for the pixels of what is shown and for nothing of what is not", () => {
    const everyone = [...others(40), me];
    const wishes = wishesOf(everyone, arrange(input(everyone)).placements, 2);
    expect(wishes).toHaveLength(40);
    expect(wishes.filter(({ enabled }) => enabled)).toHaveLength(24);
    const [first] = wishes;
    expect(first?.maxHeight).toBeGreaterThan(200);
    expect((first?.maxHeight ?? 1) % 30).toBe(0);
    expect(wishes.at(-1)).toEqual({ trackId: "p39-camera", enabled: false });
  });

  it("pins what is on the stage alone", () => {
    const everyone = [...others(5), me];
    const pinned = (onStage: string | null) => {
      const { placements } = arrange(input(everyone, { pinned: onStage }));
      return wishesOf(everyone, placements, 1).flatMap((wish) => (wish.pinned === true ? wish.trackId : []));
    };
    expect(pinned("p3")).toEqual(["p3-camera"]);
    expect(pinned(null)).toEqual([]);
  });

  it("asks for fewer pictures where they are small", () => {
    const rates = (count: number): (number | undefined)[] => {
      const everyone = [...others(count), me];
      const wishes = wishesOf(everyone, arrange(input(everyone)).placements, 1);
      return wishes.filter(({ enabled }) => enabled).map(({ maxFrameRate }) => maxFrameRate);
    };
    expect(new Set(rates(2))).toEqual(new Set([undefined]));
    expect(new Set(rates(40))).toEqual(new Set([15]));
  });
});
