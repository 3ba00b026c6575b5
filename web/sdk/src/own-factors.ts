import type { Factors, Passkey } from "./api-types.js";
import type { HttpSession } from "./http-session.js";
import { createCredential, type OptionsJson } from "./webauthn.js";

const FACTORS = "/v1/auth/factors";
const PASSKEYS = "/v1/auth/passkeys";

/** Second factors and passkeys of the account that is logged in. All but `list` may be refused with `step_up_required`. */
export class OwnFactors {
  readonly #http: HttpSession;

  constructor(http: HttpSession) {
    this.#http = http;
  }

  async list(): Promise<Factors> {
    return (await this.#http.call("GET", FACTORS)) as Factors;
  }

  /** A new secret for an authenticator app. It counts once `confirmTotp` was given a code of it. */
  async beginTotp(): Promise<{ readonly secret: string; readonly otpauthUri: string }> {
    return (await this.#http.call("POST", `${FACTORS}/totp`)) as { secret: string; otpauthUri: string };
  }

  /** Recovery codes, shown this once, if it is the first second factor. */
  async confirmTotp(code: string): Promise<readonly string[] | null> {
    return codes(await this.#http.call("POST", `${FACTORS}/totp/confirm`, { code }));
  }

  async removeTotp(): Promise<void> {
    await this.#http.call("DELETE", `${FACTORS}/totp`);
  }

  /** Others, in the place of those that there were; shown this once. */
  async renewRecoveryCodes(): Promise<readonly string[]> {
    return codes(await this.#http.call("POST", `${FACTORS}/recovery-codes`)) ?? [];
  }

  /** Has the browser make a passkey. Recovery codes, shown this once, if it is the first second factor. */
  async addPasskey(name: string): Promise<{ readonly passkey: Passkey; readonly recoveryCodes: readonly string[] | null }> {
    const begun = (await this.#http.call("POST", `${PASSKEYS}/registration-options`)) as Ceremony;
    const credential = await createCredential(begun.publicKey);
    const body = { ceremony: begun.ceremony, credential, name };
    return (await this.#http.call("POST", PASSKEYS, body)) as { passkey: Passkey; recoveryCodes: string[] | null };
  }

  async renamePasskey(id: string, name: string): Promise<Passkey> {
    return (await this.#http.call("PATCH", `${PASSKEYS}/${encodeURIComponent(id)}`, { name })) as Passkey;
  }

  async removePasskey(id: string): Promise<void> {
    await this.#http.call("DELETE", `${PASSKEYS}/${encodeURIComponent(id)}`);
  }
}

/** What a browser is asked with, and the name that its answer comes back under. */
export interface Ceremony {
  readonly ceremony: string;
  readonly publicKey: OptionsJson;
}

function codes(answer: unknown): readonly string[] | null {
  return (answer as { recoveryCodes: readonly string[] | null }).recoveryCodes;
}
