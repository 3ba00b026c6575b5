import type { BreakoutOthers, BreakoutPlan, NewBreakout, ParticipantState } from "@parley/sdk";
import { fewest } from "../../breakouts/rooms.js";

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

/**
 * The rooms as they were planned. Who was invited twice, by an address and as an account, has the first of their places. With `evenly`, everybody else who is there and does not moderate goes to the rooms that have
 * the fewest: of people who are there, since those who are planned may not come.
 */
export function plannedBreakouts(
  plan: Pick<BreakoutPlan, "rooms">,
  participants: readonly ParticipantState[],
  others: BreakoutOthers,
): readonly NewBreakout[] {
  const there = new Map(participants.map((person) => [person.identity, person]));
  const planned = new Set<string>();
  const rooms = plan.rooms.map(({ name, people }) => {
    const identities: string[] = [];
    for (const { userId } of people) {
      if (userId === null || planned.has(userId)) continue;
      planned.add(userId);
      identities.push(userId);
    }
    const size = identities.filter((identity) => there.has(identity)).length;
    return { name, identities, participantIds: [] as string[], size };
  });
  if (others === "evenly") {
    for (const { id, identity, permissions } of there.values()) {
      if (planned.has(identity) || permissions.moderate) continue;
      const room = fewest(rooms);
      room.participantIds.push(id);
      room.size += 1;
    }
  }
  return rooms.map(({ name, identities, participantIds }) => ({ name, identities, participantIds }));
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
