/** How many rooms are offered at most. */
export const MOST_ROOMS = 30;

/** The first of those with the fewest people, of one room or more. */
export function fewest<Room extends { readonly size: number }>(rooms: readonly Room[]): Room {
  return rooms.reduce((least, each) => (each.size < least.size ? each : least));
}
