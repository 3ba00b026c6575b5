import { ParleyError } from "../errors.js";
import type { TrackSource } from "../room-state.js";
import { KeyAgreement } from "./key-agreement.js";
import { KeyExchange } from "./key-exchange.js";
import { bytesOfSecret } from "./meeting-secret.js";
import type { FromWorker, ToWorker, TransformOptions } from "./worker.js";

/**
 * Of a participant in an encrypted meeting. `none`: no key of theirs is known (yet), so that nothing of them can be received; `failing`: what
 * comes in their name cannot be decrypted.
 */
export type EncryptionState = "none" | "encrypted" | "failing";

export interface RoomEncryptionOptions {
  readonly secret: string;
  readonly meetingId: string;
  readonly send: (text: string, to: readonly string[]) => Promise<unknown>;
  readonly onChange: () => void;
}

/** End-to-end encryption of one room: the worker that sees frames, and the exchange of keys. */
export class RoomEncryption {
  readonly #worker: Worker;
  readonly #exchange: KeyExchange;
  readonly #failing = new Set<string>();
  /** Whose frames a receiver decrypts, and of which source: m-lines are used again for others. */
  readonly #receivers = new WeakMap<RTCRtpReceiver, TransformOptions>();

  private constructor(worker: Worker, agreement: KeyAgreement, { send, onChange }: RoomEncryptionOptions) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
      if (data.isFailing) this.#failing.add(data.participantId);
      else this.#failing.delete(data.participantId);
      onChange();
    });
    this.#exchange = new KeyExchange(agreement, {
      send,
      onChange,
      onOwnKey: (key) => {
        this.#tell({ type: "own_key", key });
      },
      onKey: (participantId, key) => {
        this.#tell({ type: "key", participantId, key });
      },
      onGone: (participantId) => {
        this.#failing.delete(participantId);
        this.#tell({ type: "forget", participantId });
      },
    });
  }

  /** Whether this browser can encrypt what it sends (W3C WebRTC Encoded Transform). */
  static get isSupported(): boolean {
    return typeof RTCRtpScriptTransform === "function";
  }

  /** @throws ParleyError `e2ee_unsupported`: this browser cannot; `e2ee_bad_secret`. */
  static async create(options: RoomEncryptionOptions): Promise<RoomEncryption> {
    if (!RoomEncryption.isSupported) {
      throw new ParleyError("e2ee_unsupported", "This meeting is encrypted from end to end, which this browser cannot do.");
    }
    const agreement = await KeyAgreement.create(options.meetingId, bytesOfSecret(options.secret));
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "parley-e2ee" });
    return new RoomEncryption(worker, agreement, options);
  }

  /** Digits that people compare: the same for all who see the same keys. */
  get code(): string | null {
    return this.#exchange.code;
  }

  /** The id of the key by which we encrypt: the first four bits count leaves, the others joins. */
  get keyId(): number {
    return this.#exchange.keyId;
  }

  stateOf(participantId: string): EncryptionState {
    if (!this.#exchange.hasKeyOf(participantId)) return "none";
    return this.#failing.has(participantId) ? "failing" : "encrypted";
  }

  follow(selfId: string, participantIds: Iterable<string>): void {
    this.#exchange.follow(selfId, participantIds);
  }

  again(): void {
    this.#exchange.again();
  }

  receive(from: string, text: string): void {
    this.#exchange.receive(from, text);
  }

  /** What is sent by it leaves encrypted. */
  protectSender(sender: RTCRtpSender, source: TrackSource): void {
    sender.transform = this.#transform({ source, participantId: null });
  }

  /** What it receives is decrypted, if it is a participant's and from this source; null: the room does not know the source yet. */
  protectReceiver(receiver: RTCRtpReceiver, participantId: string, source: TrackSource | null): void {
    const known = this.#receivers.get(receiver);
    if (known?.participantId === participantId && known.source === source) return;
    const options = { source, participantId };
    this.#receivers.set(receiver, options);
    receiver.transform = this.#transform(options);
  }

  close(): void {
    this.#exchange.close();
    this.#worker.terminate();
  }

  #transform(options: TransformOptions): RTCRtpScriptTransform {
    return new RTCRtpScriptTransform(this.#worker, options);
  }

  #tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }
}
