import { asParleyError, passkeyAutofillSupported, passkeysSupported, type ParleyApi, type ParleyError } from "@parley/sdk";
import { useEffect, useState } from "react";
import { useSession } from "../session/session.js";

interface PasskeySignIn {
  /** Whether there is a way to sign in with a passkey here. */
  readonly isPossible: boolean;
  readonly isPending: boolean;
  /** Why the last attempt has failed; a browser's dialog that was closed is no failure. */
  readonly error: ParleyError | null;
  /** Has the browser ask. */
  readonly start: () => Promise<void>;
}

/**
 * Signing in with a passkey: by a button, or by choosing one where the browser offers what to fill in.
 *
 * @param isOffered Whether the installation has passkeys, and the page asks who is there.
 */
export function usePasskeySignIn(isOffered: boolean): PasskeySignIn {
  const { api } = useSession();
  const [isPending, setPending] = useState(false);
  const [error, setError] = useState<ParleyError | null>(null);
  const [refusals, setRefusals] = useState(0);

  useEffect(() => {
    // The browser asks for one passkey at a time: the offer beside the field rests while the button's dialog is open.
    if (!isOffered || isPending) return undefined;
    const controller = new AbortController();
    void offerBesideField(api, controller.signal).then((problem) => {
      if (problem === null || controller.signal.aborted) return;
      setError(problem);
      // A passkey that was chosen and refused is no reason not to offer others; all else would only repeat itself.
      if (problem.code === "factor_invalid") setRefusals((before) => before + 1);
    });
    return () => {
      controller.abort();
    };
  }, [api, isOffered, isPending, refusals]);

  const start = async () => {
    setPending(true);
    setError(null);
    setError(await problemOf(api.loginWithPasskey()));
    setPending(false);
  };
  return { isPossible: isOffered && passkeysSupported(), isPending, error, start };
}

/** Ends when one was chosen, with what came of it. */
async function offerBesideField(api: ParleyApi, signal: AbortSignal): Promise<ParleyError | null> {
  if (!(await passkeyAutofillSupported())) return null;
  return problemOf(api.loginWithPasskey({ autofill: true, signal }));
}

async function problemOf(login: Promise<unknown>): Promise<ParleyError | null> {
  try {
    await login;
    return null;
  } catch (thrown) {
    const problem = asParleyError(thrown);
    return problem.code === "passkey_cancelled" ? null : problem;
  }
}
