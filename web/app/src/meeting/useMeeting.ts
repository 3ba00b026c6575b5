import { asParleyError, type AnyMeeting, type ParleyError } from "@parley/sdk";
import { useEffect, useState } from "react";
import { useSession } from "../session/session.js";

interface Lookup {
  readonly meeting: AnyMeeting | null;
  readonly error: ParleyError | null;
}

const NOTHING: Lookup = { meeting: null, error: null };

/** What is known of a meeting, once it is known who asks. */
export function useMeeting(id: string): Lookup & { readonly reload: () => void } {
  const { api, user, status } = useSession();
  const userId = user?.id ?? null;
  const [lookup, setLookup] = useState<Lookup>(NOTHING);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    if (status === "unknown") return undefined;
    let isCurrent = true;
    api.getMeeting(id).then(
      (meeting) => {
        if (isCurrent) setLookup({ meeting, error: null });
      },
      (thrown: unknown) => {
        if (isCurrent) setLookup({ meeting: null, error: asParleyError(thrown) });
      },
    );
    return () => {
      isCurrent = false;
    };
    // The host gets another answer than others: asked anew for another user.
  }, [api, id, status, userId, attempt]);
  return {
    ...lookup,
    reload: () => {
      setLookup(NOTHING);
      setAttempt(attempt + 1);
    },
  };
}
