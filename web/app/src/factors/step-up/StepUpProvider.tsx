import { asParleyError } from "@parley/sdk";
import { lazy, Suspense, useCallback, useState, type ReactNode } from "react";
import { StepUpContext, type Guard } from "./step-up.js";

const StepUpDialog = lazy(async () => ({ default: (await import("./StepUpDialog.js")).StepUpDialog }));

interface Asked {
  /** What the account can prove itself with. */
  readonly methods: readonly string[];
  /** False: closed without an answer. */
  readonly answer: (isProven: boolean) => void;
}

/** Asks who is there, for all pages, when the server wants to know before it does something. */
export function StepUpProvider({ children }: { readonly children: ReactNode }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const guard = useCallback<Guard>(async <Value,>(action: () => Promise<Value>) => {
    for (;;) {
      try {
        return { value: await action() };
      } catch (thrown) {
        const { code, methods = [] } = asParleyError(thrown);
        if (code !== "step_up_required") throw thrown;
        const isProven = await new Promise<boolean>((answer) => {
          setAsked({ methods, answer });
        });
        setAsked(null);
        if (!isProven) return null;
      }
    }
  }, []);
  return (
    <StepUpContext value={guard}>
      {children}
      {asked !== null && (
        <Suspense>
          <StepUpDialog methods={asked.methods} onAnswer={asked.answer} />
        </Suspense>
      )}
    </StepUpContext>
  );
}
