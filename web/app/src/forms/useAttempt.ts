import { asParleyError, type ParleyError } from "@parley/sdk";
import { useCallback, useState } from "react";

export interface Attempt {
  readonly isPending: boolean;
  /** Why the last one failed. */
  readonly error: ParleyError | null;
  /** Does something, unless something is being done; whether it has worked. */
  readonly run: (action: () => Promise<unknown>) => Promise<boolean>;
  /** Forgets the last failure. */
  readonly reset: () => void;
}

/** What a form sends, one thing at a time, and how that went. */
export function useAttempt(): Attempt {
  const [isPending, setPending] = useState(false);
  const [error, setError] = useState<ParleyError | null>(null);
  const run = useCallback(async (action: () => Promise<unknown>) => {
    setPending(true);
    setError(null);
    try {
      await action();
      return true;
    } catch (thrown) {
      setError(asParleyError(thrown));
      return false;
    } finally {
      setPending(false);
    }
  }, []);
  const reset = useCallback(() => {
    setError(null);
  }, []);
  return { isPending, error, run, reset };
}
