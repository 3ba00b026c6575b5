import { cornerRect, gridCapacity, gridRects, planStage, type Box, type Rect } from "./geometry.js";
import type { TileModel } from "./tiles.js";

export interface Placement {
  readonly tile: TileModel;
  readonly rect: Rect;
  readonly place: "grid" | "main" | "strip" | "corner";
}

export interface Arrangement {
  readonly placements: readonly Placement[];
  readonly page: number;
  readonly pageCount: number;
  /** How many of the other people the first page shows. */
  readonly firstPage: number;
}

export interface ArrangeInput {
  /** The others, in their order. */
  readonly others: readonly TileModel[];
  readonly self: TileModel | null;
  readonly screens: readonly TileModel[];
  readonly pinned: string | null;
  readonly isSelfHidden: boolean;
  readonly page: number;
  readonly box: Box;
}

/** Which tiles are shown where. */
export function arrange(input: ArrangeInput): Arrangement {
  const { others, screens, box } = input;
  if (box.width <= 0 || box.height <= 0) return { placements: [], page: 0, pageCount: 1, firstPage: others.length };
  const self = input.isSelfHidden && others.length > 0 ? null : input.self;
  const all = [...screens, ...others, ...(self === null ? [] : [self])];
  // One's own screen is no news to oneself: it is never put on the stage unasked.
  const staged =
    all.find(({ key }) => key === input.pinned) ?? screens.findLast(({ participant }) => !participant.isSelf) ?? null;
  if (staged !== null) return onStage(staged, all, self, input);
  const [other] = others;
  if (screens.length === 0) {
    if (others.length === 1 && other !== undefined) return filling(other, self, box);
    if (others.length === 0 && self !== null) return filling(self, null, box);
  }
  return inGrid(all, self, input);
}

/** One picture in all of the area, and perhaps a small one in its corner. */
function filling(main: TileModel, corner: TileModel | null, box: Box): Arrangement {
  const placements: Placement[] = [{ tile: main, rect: { x: 0, y: 0, ...box }, place: "main" }];
  if (corner !== null) placements.push({ tile: corner, rect: cornerRect(box), place: "corner" });
  return { placements, page: 0, pageCount: 1, firstPage: 1 };
}

function onStage(staged: TileModel, all: readonly TileModel[], self: TileModel | null, input: ArrangeInput): Arrangement {
  const small = all.filter((tile) => tile !== staged);
  const plan = planStage(input.box, small.length > 0);
  const { shown, page, pageCount } = onPage(small, self === staged ? null : self, plan.capacity, input.page);
  const rects = plan.strip(shown.length);
  return {
    placements: [
      { tile: staged, rect: plan.main, place: "main" },
      ...shown.flatMap((tile, index): Placement[] => {
        const rect = rects[index];
        return rect === undefined ? [] : [{ tile, rect, place: "strip" }];
      }),
    ],
    page,
    pageCount,
    firstPage: firstPageOf(plan.capacity, small, input.others),
  };
}

function inGrid(all: readonly TileModel[], self: TileModel | null, input: ArrangeInput): Arrangement {
  const capacity = gridCapacity(input.box);
  const { shown, page, pageCount } = onPage(all, self, capacity, input.page);
  const rects = gridRects(shown.length, input.box);
  return {
    placements: shown.flatMap((tile, index): Placement[] => {
      const rect = rects[index];
      return rect === undefined ? [] : [{ tile, rect, place: "grid" }];
    }),
    page,
    pageCount,
    firstPage: firstPageOf(capacity, all, input.others),
  };
}

/** Places of the first page that are the other people's. */
function firstPageOf(capacity: number, tiles: readonly TileModel[], others: readonly TileModel[]): number {
  return Math.max(1, capacity - tiles.filter((tile) => !others.includes(tile)).length);
}

/** The tiles of one page. Oneself comes last on the first page, wherever that ends. */
function onPage(
  tiles: readonly TileModel[],
  self: TileModel | null,
  capacity: number,
  wanted: number,
): { shown: readonly TileModel[]; page: number; pageCount: number } {
  const ordered = tiles.filter((tile) => tile !== self);
  if (self !== null && tiles.includes(self)) ordered.splice(Math.min(ordered.length, capacity - 1), 0, self);
  const pageCount = Math.max(1, Math.ceil(ordered.length / Math.max(1, capacity)));
  const page = Math.min(wanted, pageCount - 1);
  return { shown: ordered.slice(page * capacity, (page + 1) * capacity), page, pageCount };
}
