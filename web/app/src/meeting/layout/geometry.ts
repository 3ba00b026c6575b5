/** Sizes and places in CSS pixels. Pure. */
export interface Box {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Box {
  readonly x: number;
  readonly y: number;
}

/** Between tiles. */
export const GAP = 10;
const WIDEST = 16 / 9;
/** A camera's picture may be cropped down to this, depending on the shape of the area. */
const NARROWEST_LANDSCAPE = 1.15;
const NARROWEST_PORTRAIT = 0.7;
/** Nobody can be recognised on smaller tiles. */
const SMALLEST: Box = { width: 148, height: 104 };
const MOST_TILES = 25;

export interface GridPlan {
  readonly columns: number;
  readonly rows: number;
  readonly tile: Box;
}

const isPortrait = (box: Box) => box.height > box.width;

/** How many tiles a grid in this area may have; more need pages. */
export function gridCapacity(box: Box): number {
  const columns = Math.max(1, Math.floor((box.width + GAP) / (SMALLEST.width + GAP)));
  const rows = Math.max(1, Math.floor((box.height + GAP) / (SMALLEST.height + GAP)));
  // On a phone, two columns: names stay readable.
  return Math.min(MOST_TILES, (isPortrait(box) ? Math.min(columns, box.width < 560 ? 2 : 3) : columns) * rows);
}

/** The numbers of columns and rows that make the tiles as big as can be. */
export function planGrid(count: number, box: Box): GridPlan {
  let best: GridPlan = { columns: 1, rows: Math.max(1, count), tile: { width: 0, height: 0 } };
  const narrowest = isPortrait(box) ? NARROWEST_PORTRAIT : NARROWEST_LANDSCAPE;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cell = {
      width: (box.width - GAP * (columns - 1)) / columns,
      height: (box.height - GAP * (rows - 1)) / rows,
    };
    if (cell.width <= 0 || cell.height <= 0) continue;
    const tile = fitted(cell, narrowest, WIDEST);
    if (tile.width * tile.height > best.tile.width * best.tile.height) best = { columns, rows, tile };
  }
  return best;
}

/** The biggest box within `cell` whose width to height is between the two. */
export function fitted(cell: Box, narrowest: number, widest: number): Box {
  const aspect = cell.width / cell.height;
  if (aspect > widest) return { width: cell.height * widest, height: cell.height };
  if (aspect < narrowest) return { width: cell.width, height: cell.width / narrowest };
  return cell;
}

/** The tiles' places, row by row; the last row is centred. */
export function gridRects(count: number, box: Box): Rect[] {
  if (count === 0) return [];
  const { columns, rows, tile } = planGrid(count, box);
  const top = (box.height - rows * tile.height - (rows - 1) * GAP) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = (box.width - inRow * tile.width - (inRow - 1) * GAP) / 2;
    return rounded({ x: left + (index % columns) * (tile.width + GAP), y: top + row * (tile.height + GAP), ...tile });
  });
}

export interface StagePlan {
  /** The big place. */
  readonly main: Rect;
  /** How many small tiles there is room for. */
  readonly capacity: number;
  /** The places of `count` small tiles, at most `capacity`. */
  readonly strip: (count: number) => Rect[];
}

/** One big place, and a strip of small tiles beside it or, where the area is narrow, below it. */
export function planStage(box: Box, hasStrip: boolean): StagePlan {
  if (!hasStrip) return { main: rounded({ x: 0, y: 0, ...box }), capacity: 0, strip: () => [] };
  if (box.width < box.height * 1.15) {
    const height = clamp(box.height * 0.2, 88, 150);
    const width = clamp(height * 1.25, 0, box.width);
    const capacity = Math.max(1, Math.floor((box.width + GAP) / (width + GAP)));
    return {
      main: rounded({ x: 0, y: 0, width: box.width, height: box.height - height - GAP }),
      capacity,
      strip: (count) => {
        const left = (box.width - count * width - (count - 1) * GAP) / 2;
        return Array.from({ length: count }, (_, index) =>
          rounded({ x: left + index * (width + GAP), y: box.height - height, width, height }),
        );
      },
    };
  }
  const width = clamp(box.width * 0.19, 148, 280);
  const height = width / WIDEST;
  const capacity = Math.max(1, Math.floor((box.height + GAP) / (height + GAP)));
  return {
    main: rounded({ x: 0, y: 0, width: box.width - width - GAP, height: box.height }),
    capacity,
    strip: (count) => {
      const top = (box.height - count * height - (count - 1) * GAP) / 2;
      return Array.from({ length: count }, (_, index) =>
        rounded({ x: box.width - width, y: top + index * (height + GAP), width, height }),
      );
    },
  };
}

/** Oneself, small, in the lower corner of the other's picture. */
export function cornerRect(box: Box): Rect {
  const margin = box.width < 600 ? 12 : 20;
  const size = isPortrait(box)
    ? { width: clamp(box.width * 0.28, 96, 180), height: clamp(box.width * 0.28, 96, 180) * (4 / 3) }
    : { width: clamp(box.width * 0.2, 150, 280), height: clamp(box.width * 0.2, 150, 280) / WIDEST };
  return rounded({ x: box.width - size.width - margin, y: box.height - size.height - margin, ...size });
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function rounded(rect: Rect): Rect {
  return {
    x: Math.round(rect.x),
    y: Math.round(rect.y),
    width: Math.floor(rect.width),
    height: Math.floor(rect.height),
  };
}
