import { asParleyError, type ParleyError } from "@parley/sdk";
import { useCallback, useEffect, useRef, useState } from "react";

export interface Loaded<Value> {
  /** Null until it is there; of before while it is loaded anew. */
  readonly value: Value | null;
  readonly error: ParleyError | null;
  readonly reload: () => void;
  /** Takes what is known newer, such as the answer to a change. */
  readonly set: (value: Value) => void;
}

/** Fetches something for a page. `load` must stay the same between renderings. */
export function useLoaded<Value>(load: () => Promise<Value>): Loaded<Value> {
  const [edition, setEdition] = useState(0);
  const [loaded, setLoaded] = useState<Omit<Loaded<Value>, "reload" | "set">>({ value: null, error: null });
  // Goes up with each load and each `set`: an answer that was asked for before the latest of them is out of date.
  const latest = useRef(0);
  useEffect(() => {
    const own = ++latest.current;
    load().then(
      (value) => {
        if (own === latest.current) setLoaded({ value, error: null });
      },
      (thrown: unknown) => {
        if (own === latest.current) setLoaded(({ value }) => ({ value, error: asParleyError(thrown) }));
      },
    );
  }, [load, edition]);
  const reload = useCallback(() => {
    setEdition((before) => before + 1);
  }, []);
  const set = useCallback((value: Value) => {
    latest.current++;
    setLoaded({ value, error: null });
  }, []);
  return { ...loaded, reload, set };
}
