import type { NewBreakout, ParticipantState } from "@parley/sdk";

/** Who decides where people go. */
export type Assignment = "evenly" | "choose" | "byHand";

/**
 * So many rooms, with everybody who does not moderate spread evenly over them, or nobody yet. The stays of one person go together.
 *
 * @param nameOf the name of a room, by its number from 1
 */
export function breakoutPlan(
  participants: readonly ParticipantState[],
  count: number,
  assignment: Assignment,
  nameOf: (number: number) => string,
): readonly NewBreakout[] {
  const rooms = Array.from({ length: count }, (_, index) => ({ name: nameOf(index + 1), participantIds: [] as string[] }));
  if (assignment !== "evenly") return rooms;
  const people = new Map(
    participants.filter(({ permissions }) => !permissions.moderate).map(({ identity, id }) => [identity, id]),
  );
  [...people.values()].forEach((id, index) => rooms[index % count]?.participantIds.push(id));
  return rooms;
}

/** The rooms that somebody may enter by themselves, apart from the one they are in. */
export function enterable(
  self: ParticipantState,
  breakouts: { readonly rooms: readonly { readonly id: string }[]; readonly freeChoice: boolean },
): ReadonlySet<string> {
  const isFree = breakouts.freeChoice || self.permissions.moderate;
  const ids = breakouts.rooms.map(({ id }) => id).filter((id) => isFree || id === self.assignedBreakout);
  return new Set(ids.filter((id) => id !== self.breakout));
}
