import type { ParleyError } from "@parley/sdk";
import { Button } from "../ui/Button.js";
import { Notice } from "../ui/Notice.js";
import { Failure } from "./Failure.js";

interface SaveFailureProps {
  readonly error: ParleyError | null;
  readonly texts: { readonly conflictTitle: string; readonly conflictText: string; readonly conflictAction: string };
  /** Begins anew with what is there now. */
  readonly onReload?: (() => void) | undefined;
}

/** Why a change was not made, above its form: somebody else was faster, or as of any form. */
export function SaveFailure({ error, texts, onReload }: SaveFailureProps) {
  if (error?.code !== "precondition_failed") return <Failure error={error} />;
  return (
    <Notice
      tone="warning"
      title={texts.conflictTitle}
      action={onReload && <Button onPress={onReload}>{texts.conflictAction}</Button>}
    >
      {texts.conflictText}
    </Notice>
  );
}
