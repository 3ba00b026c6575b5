/** What somebody shows that they are who they say they are. */
export type Proof =
  | { readonly method: "passkey" }
  | { readonly method: "totp" | "recovery_code"; readonly code: string }
  | { readonly method: "password"; readonly password: string };

export type ProofMethod = Proof["method"];

const METHODS: readonly string[] = ["passkey", "totp", "recovery_code", "password"] satisfies ProofMethod[];

export function isProofMethod(method: string): method is ProofMethod {
  return METHODS.includes(method);
}

/** What can be shown in this browser; where that is nothing, all the same, so that it is said why not. */
export function usableHere(methods: readonly ProofMethod[], hasPasskeys: boolean): readonly ProofMethod[] {
  const usable = methods.filter((method) => hasPasskeys || method !== "passkey");
  return usable.length === 0 ? methods : usable;
}

/** A code as the server wants it: of an authenticator app the digits alone, which apps show in groups. */
export function cleanCode(method: "totp" | "recovery_code", typed: string): string {
  return method === "totp" ? typed.replace(/\D/g, "") : typed.trim().toLowerCase();
}
