import { asParleyError, type AuditEntry, type ParleyApi } from "@parley/sdk";
import { useEffect, useState } from "react";
import { useSession } from "../../session/session.js";

/** Names by id; null: there is no such account any more. */
export type Names = ReadonlyMap<string, string | null>;

/** Whom the appointment by whoever runs the platform is said to be by. */
export const OPERATOR = "operator";

/** All accounts that entries are about, or were caused by. */
export function idsIn(entries: readonly AuditEntry[]): readonly string[] {
  const ids = entries.flatMap(({ userId, actorId }) => [userId, actorId]);
  return [...new Set(ids.filter((id): id is string => id !== null && id !== OPERATOR))];
}

async function nameOf(api: ParleyApi, id: string): Promise<string | null> {
  try {
    if (id.startsWith("sa_")) return (await api.administration.getServiceAccount(id)).name;
    return (await api.administration.getUser(id)).displayName;
  } catch (thrown) {
    if (asParleyError(thrown).status === 404) return null;
    return id; // no more is known at the moment
  }
}

/** What accounts are called: the audit log has ids alone. Each is asked for once. */
export function useNames(ids: readonly string[]): Names {
  const { api } = useSession();
  const [names, setNames] = useState<Names>(new Map());
  const [asked] = useState(() => new Set<string>());
  useEffect(() => {
    const fresh = ids.filter((id) => !asked.has(id));
    if (fresh.length === 0) return;
    for (const id of fresh) asked.add(id);
    void Promise.all(fresh.map(async (id) => [id, await nameOf(api, id)] as const)).then((found) => {
      setNames((before) => new Map([...before, ...found]));
    });
  }, [api, ids, asked]);
  return names;
}
