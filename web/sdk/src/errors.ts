/** What an HTTP answer tells beside code and sentence. */
interface HttpError {
  readonly status: number;
  readonly fields?: Readonly<Record<string, string>>;
  readonly retryAfterS?: number | undefined;
  readonly methods?: readonly string[] | undefined;
}

/** An error with a stable code for programs and a sentence for people. */
export class ParleyError extends Error {
  override readonly name: string = "ParleyError";
  /** HTTP status, where the error came over HTTP. */
  readonly status: number | undefined;
  /** What is wrong with single fields of a form, by name. */
  readonly fields: Readonly<Record<string, string>>;
  /** How long to wait before the next attempt, seconds, where the server says so. */
  readonly retryAfterS: number | undefined;
  /** Of `step_up_required`: what the account can prove itself with. */
  readonly methods: readonly string[] | undefined;

  constructor(
    readonly code: string,
    message: string,
    answer?: HttpError,
  ) {
    super(message);
    this.status = answer?.status;
    this.fields = answer?.fields ?? {};
    this.retryAfterS = answer?.retryAfterS;
    this.methods = answer?.methods;
  }
}

/** Any thrown thing as a `ParleyError`; what is unknown gets the code `internal`. */
export function asParleyError(thrown: unknown): ParleyError {
  if (thrown instanceof ParleyError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ParleyError("internal", message);
}
