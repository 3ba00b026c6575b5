import { useCallback } from "react";
import { useSearchParams } from "react-router";

export interface Filters<Name extends string> {
  /** What is chosen; empty: anything. */
  readonly values: Readonly<Record<Name, string>>;
  readonly set: (changes: Partial<Record<Name, string>>) => void;
  readonly reset: () => void;
  readonly areSet: boolean;
}

/** What a list is narrowed to, in the page's address: so that the way back and a link keep it. `names` must stay the same. */
export function useFilters<Name extends string>(names: readonly Name[]): Filters<Name> {
  const [parameters, setParameters] = useSearchParams();
  const values = Object.fromEntries(names.map((name) => [name, parameters.get(name) ?? ""])) as Record<Name, string>;
  const set = useCallback(
    (changes: Partial<Record<Name, string>>) => {
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries<string | undefined>(changes)) {
            if (value === undefined || value === "") after.delete(name);
            else after.set(name, value);
          }
          return after;
        },
        { replace: true },
      );
    },
    [setParameters],
  );
  const reset = useCallback(() => {
    setParameters({}, { replace: true });
  }, [setParameters]);
  return { values, set, reset, areSet: Object.values(values).some((value) => value !== "") };
}
