/** A part of coming in; see `JoinStep` of the wire. */
export type JoinStep = "ticket" | "connect" | "welcome" | "media";

export interface JoinReport {
  readonly span_id: string;
  readonly phases: readonly { readonly step: JoinStep; readonly began_ms: number; readonly ended_ms: number }[];
}

function hexadecimal(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What one stay's coming in takes, and the trace of all that it causes (W3C Trace Context). Each step begins where the one before ended. */
export class JoinWatch {
  readonly #traceId = hexadecimal(16);
  readonly #spanId = hexadecimal(8);
  readonly #now: () => number;
  readonly #phases: { step: JoinStep; from: number; to: number }[] = [];
  #from: number;
  #isReported = false;

  /** `now`: milliseconds of any steady clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#from = now();
  }

  /** For the request for a ticket. */
  get traceparent(): string {
    return `00-${this.#traceId}-${this.#spanId}-01`;
  }

  /** A step has been taken; what comes again, after a connection was lost, is no part of coming in. */
  took(step: JoinStep): void {
    if (this.#phases.some((phase) => phase.step === step)) return;
    const to = this.#now();
    this.#phases.push({ step, from: this.#from, to });
    this.#from = to;
  }

  /** Once, when all steps have been taken; null before and after. */
  report(): JoinReport | null {
    if (this.#isReported || this.#phases.at(-1)?.step !== "media") return null;
    this.#isReported = true;
    const now = this.#now();
    const phases = this.#phases.map(({ step, from, to }) => ({
      step,
      began_ms: Math.round(now - from),
      ended_ms: Math.round(now - to),
    }));
    return { span_id: this.#spanId, phases };
  }
}
