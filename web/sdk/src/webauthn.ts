/** What browsers do with passkeys (WebAuthn Level 3), in the JSON of its section 5.1. */
import { ParleyError } from "./errors.js";

/** PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON, as the server writes it. */
export type OptionsJson = Readonly<Record<string, unknown>>;

interface DescriptorJson {
  readonly id: string;
  readonly type: "public-key";
  readonly transports?: AuthenticatorTransport[];
}

/** Whether this browser can have passkeys here: it needs a page over HTTPS, or of this machine. */
export function passkeysSupported(): boolean {
  return typeof PublicKeyCredential !== "undefined";
}

/** Whether the browser offers passkeys in the field for the address, beside what else it would fill in. */
export async function passkeyAutofillSupported(): Promise<boolean> {
  if (!passkeysSupported() || typeof PublicKeyCredential.isConditionalMediationAvailable !== "function") return false;
  return PublicKeyCredential.isConditionalMediationAvailable();
}

/** Has the browser make a passkey: RegistrationResponseJSON. */
export async function createCredential(options: OptionsJson): Promise<OptionsJson> {
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge as string),
    user: { ...(options.user as object), id: bytesOf((options.user as { id: string }).id) },
    excludeCredentials: descriptors(options.excludeCredentials),
  } as unknown as PublicKeyCredentialCreationOptions;
  const credential = await asked(() => navigator.credentials.create({ publicKey }));
  const response = credential.response as AuthenticatorAttestationResponse;
  return {
    ...common(credential),
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      attestationObject: textOf(response.attestationObject),
      transports: response.getTransports(),
    },
  };
}

/**
 * Has the browser sign with a passkey: AuthenticationResponseJSON.
 *
 * @param request.autofill Waits until somebody chooses one where their address goes, instead of asking at once.
 */
export async function getCredential(
  options: OptionsJson,
  request: { autofill?: boolean; signal?: AbortSignal } = {},
): Promise<OptionsJson> {
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge as string),
    allowCredentials: descriptors(options.allowCredentials),
  } as unknown as PublicKeyCredentialRequestOptions;
  const credential = await asked(() =>
    navigator.credentials.get({
      publicKey,
      ...(request.autofill === true && { mediation: "conditional" as const }),
      ...(request.signal !== undefined && { signal: request.signal }),
    }),
  );
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    ...common(credential),
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      authenticatorData: textOf(response.authenticatorData),
      signature: textOf(response.signature),
      userHandle: response.userHandle === null ? null : textOf(response.userHandle),
    },
  };
}

/** Asks the browser; its refusals get codes of ours. */
async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  if (!passkeysSupported()) throw new ParleyError("passkey_unsupported", "This browser cannot use passkeys here.");
  try {
    const credential = await ask();
    if (credential instanceof PublicKeyCredential) return credential;
  } catch (thrown) {
    const name = thrown instanceof DOMException ? thrown.name : "";
    if (name === "InvalidStateError") throw new ParleyError("passkey_exists", "There is a passkey of this account here already.");
    if (name === "SecurityError" || name === "NotSupportedError") {
      throw new ParleyError("passkey_unsupported", "This browser cannot use passkeys here.");
    }
  }
  // Browsers do not tell a refusal from a device that is not there, nor from time that has run out.
  throw new ParleyError("passkey_cancelled", "No passkey was given.");
}

function common(credential: PublicKeyCredential) {
  return {
    id: credential.id,
    rawId: textOf(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    ...(credential.authenticatorAttachment !== null && { authenticatorAttachment: credential.authenticatorAttachment }),
  };
}

function descriptors(given: unknown): PublicKeyCredentialDescriptor[] {
  return ((given ?? []) as readonly DescriptorJson[]).map(({ id, ...rest }) => ({ ...rest, id: bytesOf(id) }));
}

/** base64url without padding (RFC 4648, 5). */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

export function textOf(bytes: ArrayBuffer): string {
  const letters = Array.from(new Uint8Array(bytes), (octet) => String.fromCharCode(octet)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
