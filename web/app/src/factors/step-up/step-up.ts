import { createContext, use } from "react";

/** Does it, if need be again after asking who is there; null: they would not say. What fails otherwise rejects. */
export type Guard = <Value>(action: () => Promise<Value>) => Promise<{ readonly value: Value } | null>;

export const StepUpContext = createContext<Guard | null>(null);

/** For whatever the server may want more for than being signed in. */
export function useStepUp(): Guard {
  const guard = use(StepUpContext);
  if (guard === null) throw new Error("No StepUpProvider above");
  return guard;
}
