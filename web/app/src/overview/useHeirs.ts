import type { Attendance, Invitee, Meeting } from "@parley/sdk";
import { useCallback } from "react";
import { useLoaded, type Loaded } from "../loading/useLoaded.js";
import { useSession } from "../session/session.js";

/** Somebody whom a meeting can be given to. */
export interface Heir {
  readonly userId: string;
  readonly name: string;
}

/** Who can have a meeting: the invited whose accounts are known, and who was there last; null as long as nobody wants to know. */
export function useHeirs(meeting: Meeting, isAsked: boolean): Loaded<readonly Heir[] | null> {
  const { api } = useSession();
  const { id, session, startedAt, hostId } = meeting;
  const load = useCallback(async () => {
    if (!isAsked) return null;
    const [invited, present] = await Promise.all([
      api.meetings.invitations.list(id),
      startedAt === null ? [] : api.meetings.attendance(id, session).then(({ items }) => items),
    ]);
    return heirsOf(invited, present, hostId);
  }, [api, id, session, startedAt, hostId, isAsked]);
  return useLoaded(load);
}

/** The accounts among them, each once and by name, but for the host's own. */
export function heirsOf(invited: readonly Invitee[], present: readonly Attendance[], hostId: string): readonly Heir[] {
  const names = new Map<string, string>();
  for (const { userId, name, address } of invited) {
    if (userId !== null) names.set(userId, name ?? address ?? userId);
  }
  for (const { identity, name, guest, kind } of present) {
    if (!guest && kind === "person" && name !== null) names.set(identity, name);
  }
  names.delete(hostId);
  return [...names].map(([userId, name]) => ({ userId, name })).toSorted((one, other) => one.name.localeCompare(other.name));
}
