/** An error with a stable code for programs and a sentence for people. */
export class ParleyError extends Error {
  override readonly name: string = "ParleyError";

  constructor(
    readonly code: string,
    message: string,
    /** HTTP status, where the error came over HTTP. */
    readonly status?: number,
    /** What is wrong with single fields of a form, by name. */
    readonly fields: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** Any thrown thing as a `ParleyError`; what is unknown gets the code `internal`. */
export function asParleyError(thrown: unknown): ParleyError {
  if (thrown instanceof ParleyError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ParleyError("internal", message);
}
