import { type Answered, decodeFromNode, encodeSaid, type Heard, LOSSY_LABEL, RELIABLE_LABEL } from "./data-messages.js";
import { ParleyError } from "./errors.js";

/** What may wait in the browser, bytes: beyond, lossy messages are old before they leave, and reliable ones are refused. */
const MAX_WAITING = 256 * 1024;
/** After the node has closed a channel because we read too slowly, milliseconds. */
const REOPEN_AFTER_MS = 2_000;

export interface DataMessage {
  readonly topic: string;
  readonly to: readonly string[];
  readonly payload: Uint8Array;
}

interface Waiting {
  readonly channel: RTCDataChannel;
  readonly resolve: (answer: Answered) => void;
  readonly reject: (error: ParleyError) => void;
}

/** The two data channels on one publishing connection after another. */
export class DataChannels {
  #connection: RTCPeerConnection | null = null;
  #reliable: RTCDataChannel | null = null;
  #lossy: RTCDataChannel | null = null;
  #reopening: ReturnType<typeof setTimeout> | undefined;
  #lastNumber = 0;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onHeard: (heard: Heard) => void;

  constructor(onHeard: (heard: Heard) => void) {
    this.#onHeard = onHeard;
  }

  /**
   * Opens both on a connection, which is to be negotiated afterwards. Those on an earlier one are in use until the new ones are open, or
   * until `settle`.
   */
  open(connection: RTCPeerConnection): void {
    clearTimeout(this.#reopening);
    this.#connection = connection;
    this.#openReliable(connection);
    this.#openLossy(connection);
  }

  /** The earlier connection is gone: what waits for an answer there gets none. */
  settle(): void {
    this.#lost((channel) => channel.readyState !== "open");
  }

  get isReliableOpen(): boolean {
    return this.#reliable?.readyState === "open";
  }

  get isLossyOpen(): boolean {
    return this.#lossy?.readyState === "open";
  }

  /**
   * Resolves with those whom the node could not reach this way.
   *
   * @throws ParleyError why the node refused it; `outcome_unknown`: the channel was lost before the answer.
   */
  async sendReliable(message: DataMessage): Promise<readonly string[]> {
    const channel = this.#reliable;
    if (channel?.readyState !== "open") throw new ParleyError("service_unavailable", "There is no data channel at the moment.");
    if (channel.bufferedAmount > MAX_WAITING) throw new ParleyError("rate_limited", "More data is waiting than the connection carries.");
    this.#lastNumber = (this.#lastNumber + 1) % 2 ** 32;
    const number = this.#lastNumber;
    const answered = new Promise<Answered>((resolve, reject) => {
      this.#waiting.set(number, { channel, resolve, reject });
    });
    channel.send(encodeSaid({ ...message, number }));
    const { code, missed } = await answered;
    if (code !== "") throw new ParleyError(code, REFUSALS[code] ?? "The message was refused.");
    return missed;
  }

  sendLossy(message: DataMessage): void {
    if (this.#lossy?.readyState !== "open" || this.#lossy.bufferedAmount > MAX_WAITING) return;
    this.#lossy.send(encodeSaid({ ...message, number: 0 }));
  }

  /** Forgets the channels; they end with their connection. */
  close(): void {
    clearTimeout(this.#reopening);
    this.#reliable = null;
    this.#lossy = null;
    this.#connection = null;
    this.#lost();
  }

  #openReliable(connection: RTCPeerConnection): void {
    const channel = connection.createDataChannel(RELIABLE_LABEL);
    this.#use(channel, this.#reliable, () => {
      this.#reliable = channel;
    });
    this.#follow(channel);
    channel.addEventListener("close", () => {
      this.#lost((other) => other === channel);
      if (channel !== this.#reliable) return;
      this.#reopenLater(() => {
        this.#openReliable(connection);
      });
    });
  }

  #openLossy(connection: RTCPeerConnection): void {
    const channel = connection.createDataChannel(LOSSY_LABEL, { ordered: false, maxRetransmits: 0 });
    this.#use(channel, this.#lossy, () => {
      this.#lossy = channel;
    });
    this.#follow(channel);
  }

  /** In the place of an earlier one that is open only when it is open itself. */
  #use(channel: RTCDataChannel, earlier: RTCDataChannel | null, use: () => void): void {
    if (earlier?.readyState !== "open") use();
    else channel.addEventListener("open", use, { once: true });
  }

  #follow(channel: RTCDataChannel): void {
    channel.binaryType = "arraybuffer";
    channel.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      const message = data instanceof ArrayBuffer ? decodeFromNode(data) : null;
      if (message?.type === "heard") this.#onHeard(message);
      else if (message?.type === "answered") this.#answered(message);
    });
  }

  #answered(answer: Answered): void {
    this.#waiting.get(answer.number)?.resolve(answer);
    this.#waiting.delete(answer.number);
  }

  #lost(isLost: (channel: RTCDataChannel) => boolean = () => true): void {
    for (const [number, { channel, reject }] of this.#waiting) {
      if (!isLost(channel)) continue;
      this.#waiting.delete(number);
      reject(new ParleyError("outcome_unknown", "The data channel was lost before the message was answered."));
    }
  }

  /** Where the association itself is gone, there is nothing to open on: the next connection brings a new one. */
  #reopenLater(open: () => void): void {
    const connection = this.#connection;
    clearTimeout(this.#reopening);
    this.#reopening = setTimeout(() => {
      if (connection !== null && connection === this.#connection && connection.sctp?.state === "connected") open();
    }, REOPEN_AFTER_MS);
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  permission_denied: "You do not have the permission to write in this meeting.",
  rate_limited: "Too many messages at once.",
  payload_too_large: "The message is too long.",
  participant_not_found: "Nobody whom this is for is in the room.",
};
