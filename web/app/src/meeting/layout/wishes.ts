import type { ParticipantState, Wish } from "@parley/sdk";
import type { Placement } from "./arrange.js";

/** Heights are asked for in such steps, so that a moving window edge does not ask anew for each pixel. */
const STEP = 30;
const CAMERA_ASPECT = 16 / 9;
/** Of a camera that is shown smaller than this, CSS pixels, half of the pictures do. */
const SMALL = 180;
const SMALL_FRAME_RATE = 15;

/**
 * What is wanted of the others' pictures: of those on the page as much as their tiles can show, of all others nothing. What is on the stage comes first,
 * where not all cameras are received; who is in the spotlight does anyway, since the media node knows that from the room.
 */
export function wishesOf(
  participants: readonly ParticipantState[],
  placements: readonly Placement[],
  pixelRatio: number,
): Wish[] {
  const heights = new Map<string, number>();
  const small = new Set<string>();
  const pinned = new Set<string>();
  for (const { tile, rect, place } of placements) {
    if (tile.video === null) continue;
    // A camera's picture covers its tile, so it may be higher than the tile; a screen fits into it.
    const height = tile.source === "camera" ? Math.max(rect.height, rect.width / CAMERA_ASPECT) : rect.height;
    if (tile.source === "camera" && rect.height < SMALL) small.add(tile.video.id);
    if (tile.source === "camera" && place === "main") pinned.add(tile.video.id);
    heights.set(tile.video.id, Math.max(STEP, Math.ceil((height * pixelRatio) / STEP) * STEP));
  }
  return participants
    .flatMap(({ tracks }) => tracks)
    .filter((track) => track.kind === "video" && !track.isLocal)
    .map((track) => {
      const maxHeight = heights.get(track.id);
      return maxHeight === undefined
        ? { trackId: track.id, enabled: false }
        : {
            trackId: track.id,
            enabled: true,
            maxHeight: Math.min(maxHeight, 4320),
            ...(small.has(track.id) && { maxFrameRate: SMALL_FRAME_RATE }),
            ...(pinned.has(track.id) && { pinned: true }),
          };
    });
}
