import type { ParticipantState, TrackState } from "@parley/sdk";

/** Something to show: a person, or a screen that a person shares. */
export interface TileModel {
  readonly key: string;
  readonly source: "camera" | "screen";
  readonly participant: ParticipantState;
  /** The picture's track; null where a person has published no camera. */
  readonly video: TrackState | null;
}

/** A tile for each person, in the order of the participants, and one for each shared screen. */
export function tilesOf(participants: readonly ParticipantState[]): { people: TileModel[]; screens: TileModel[] } {
  const people: TileModel[] = [];
  const screens: TileModel[] = [];
  for (const participant of participants) {
    const camera = participant.tracks.find((track) => track.source === "camera") ?? null;
    people.push({ key: participant.id, source: "camera", participant, video: camera });
    for (const track of participant.tracks) {
      if (track.source === "screen" && !track.muted) {
        screens.push({ key: track.id, source: "screen", participant, video: track });
      }
    }
  }
  return { people, screens };
}

/**
 * The order of the others' tiles. It stays as it was: newcomers are added at the end. Only when someone who is not on the first
 * page speaks, she changes places with the last one there who does not; so nobody who speaks is out of sight, and nothing else jumps.
 *
 * @param firstPage how many of the others the first page shows
 * @returns `before` itself if nothing has changed
 */
export function nextOrder(
  before: readonly string[],
  participants: readonly ParticipantState[],
  firstPage: number,
): readonly string[] {
  const others = new Map(participants.filter(({ isSelf }) => !isSelf).map((one) => [one.id, one]));
  const order = before.filter((id) => others.has(id));
  const known = new Set(order);
  for (const id of others.keys()) if (!known.has(id)) order.push(id);
  for (let index = firstPage; index < order.length; index += 1) {
    const id = order[index];
    if (id === undefined || others.get(id)?.speaking !== true) continue;
    const seat = lastSilent(order, others, firstPage);
    if (seat === null) break;
    order[index] = order[seat] ?? id;
    order[seat] = id;
  }
  const isSame = order.length === before.length && order.every((id, index) => id === before[index]);
  return isSame ? before : order;
}

function lastSilent(
  order: readonly string[],
  others: ReadonlyMap<string, ParticipantState>,
  firstPage: number,
): number | null {
  for (let index = Math.min(firstPage, order.length) - 1; index >= 0; index -= 1) {
    const id = order[index];
    if (id !== undefined && others.get(id)?.speaking !== true) return index;
  }
  return null;
}
