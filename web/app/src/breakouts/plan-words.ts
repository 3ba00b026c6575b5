import type { BreakoutOthers, PlannedPerson } from "@parley/sdk";

/** What may become of those who are assigned to no room, in the order in which it is offered. */
export const OTHERS: readonly BreakoutOthers[] = ["evenly", "choose", "stay"];

/** How somebody in a plan is called. */
export function personName({ name, address, userId }: PlannedPerson): string {
  return name ?? address ?? userId ?? "?";
}
