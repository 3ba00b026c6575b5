import type { BreakoutOthers, BreakoutPlan, Invitee, NewBreakoutPlan } from "@parley/sdk";
import { fewest } from "../breakouts/rooms.js";

/** A plan of breakout rooms while it is written: rooms may have no name yet, and keep their people under another one. */
export interface PlanDraft {
  readonly rooms: readonly { readonly id: number; readonly name: string }[];
  /** By the keys of invitations, the ids of rooms; null or left out: none. */
  readonly places: Readonly<Record<string, number | null>>;
  readonly others: BreakoutOthers;
  readonly minutes: number | null;
}

/**
 * What there is to change, or two rooms to begin with.
 *
 * @param nameOf the name of a room, by its number from 1
 */
export function draftOf(plan: BreakoutPlan | null, nameOf: (number: number) => string): PlanDraft {
  if (plan === null) {
    return { rooms: [1, 2].map((id) => ({ id, name: nameOf(id) })), places: {}, others: "evenly", minutes: null };
  }
  const placed = plan.rooms.flatMap(({ people }, place) => people.map(({ key }) => [key, place + 1] as const));
  return {
    rooms: plan.rooms.map(({ name }, place) => ({ id: place + 1, name })),
    places: Object.fromEntries(placed),
    others: plan.others,
    minutes: plan.minutes,
  };
}

/** As it is kept: of those who are still invited. */
export function planOf(draft: PlanDraft, invitees: readonly Pick<Invitee, "key">[]): NewBreakoutPlan {
  const keys = invitees.map(({ key }) => key);
  const rooms = draft.rooms.map(({ id, name }) => ({ name: name.trim(), invitees: keys.filter((key) => draft.places[key] === id) }));
  return { rooms, others: draft.others, minutes: draft.minutes };
}

/** With everybody who is in no room in one of those that have the fewest. Who is in one stays there. */
export function assignedEvenly(draft: PlanDraft, invitees: readonly Pick<Invitee, "key">[]): PlanDraft {
  const places = { ...draft.places };
  const sizes = draft.rooms.map(({ id }) => ({ id, size: invitees.filter(({ key }) => places[key] === id).length }));
  for (const { key } of invitees) {
    if (places[key] != null) continue;
    const room = fewest(sizes);
    places[key] = room.id;
    room.size += 1;
  }
  return { ...draft, places };
}

/** Without a room; who was in it is in none. */
export function withoutRoom(draft: PlanDraft, id: number): PlanDraft {
  const places = Object.fromEntries(Object.entries(draft.places).filter(([, place]) => place !== id));
  return { ...draft, rooms: draft.rooms.filter((room) => room.id !== id), places };
}
