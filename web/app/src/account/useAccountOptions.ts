import type { AccountOptions } from "@parley/sdk";
import { useEffect, useState } from "react";
import { useSession } from "../session/session.js";

/** What is taken until the installation has said what it offers; without its word the server still says what it does not take. */
const USUAL: AccountOptions = { mail: false, passkeys: false, passwordMinLength: 10, passwordMaxLength: 256 };

/** What the installation offers for accounts; `isKnown`: by its own word. */
export function useAccountOptions(): AccountOptions & { readonly isKnown: boolean } {
  const { api } = useSession();
  const [options, setOptions] = useState({ ...USUAL, isKnown: false });
  useEffect(() => {
    void api.getAccountOptions().then(
      (known) => {
        setOptions({ ...known, isKnown: true });
      },
      () => undefined,
    );
  }, [api]);
  return options;
}
