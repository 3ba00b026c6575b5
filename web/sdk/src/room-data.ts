import type { DataChannels } from "./data-channels.js";
import { type Heard, MAX_LOSSY_PAYLOAD, MAX_RECEIVERS, MAX_RELIABLE_PAYLOAD, MAX_TOPIC_BYTES } from "./data-messages.js";
import { ParleyError } from "./errors.js";
import type { DataSentEvent, SendData } from "./wire.js";

/** As many bytes in Base64 as a gateway takes. */
const MAX_WITHOUT_CHANNEL = 6 * 1024;
/** Lossy messages a second over the gateway, which has other things to carry. */
const LOSSY_PER_S_WITHOUT_CHANNEL = 5;

/** Application data from a participant, or (null) from the HTTP API. */
export interface ReceivedData {
  readonly participantId: string | null;
  readonly topic: string;
  readonly payload: Uint8Array<ArrayBuffer>;
}

export interface DataOptions {
  /** What it is about: 1 to 64 bytes of UTF-8. */
  readonly topic: string;
  /** Ids of those in the same room whom it is for, 100 at most; null: all of them. */
  readonly to?: readonly string[] | null;
  /** In order, and answered; otherwise as soon as possible, or never. True unless said otherwise. */
  readonly reliable?: boolean;
}

export interface RoomDataHandlers {
  readonly channels: DataChannels;
  /** Opens the channels, unless they are open or opening. */
  readonly open: () => void;
  readonly send: (command: SendData) => Promise<unknown>;
}

/**
 * Application data between participants: over data channels, which the first use opens; over the gateway as long as there are none,
 * and to those who have none.
 */
export class RoomData {
  readonly #handlers: RoomDataHandlers;
  readonly #listeners = new Set<(data: ReceivedData) => void>();
  #lossySent: readonly number[] = [];

  constructor(handlers: RoomDataHandlers) {
    this.#handlers = handlers;
  }

  onMessage(listener: (data: ReceivedData) => void): () => void {
    this.#handlers.open();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Sends bytes. Of a reliable message it resolves when the node has it and has sent it on; of a lossy one at once.
   *
   * @throws ParleyError `payload_too_large` (16 KiB; 1 KiB lossy; 6 KiB while there is no channel), `permission_denied`,
   *   `rate_limited`, `participant_not_found`, `outcome_unknown`.
   */
  async send(payload: Uint8Array, { topic, to = null, reliable = true }: DataOptions): Promise<void> {
    check(payload, topic, to, reliable);
    const { channels, open } = this.#handlers;
    open();
    const message = { topic, to: to ?? [], payload };
    if (!reliable) {
      if (channels.isLossyOpen) channels.sendLossy(message);
      else await this.#sendLossyOverGateway(payload, topic, to);
    } else if (channels.isReliableOpen) {
      const missed = await channels.sendReliable(message);
      for (let from = 0; from < missed.length; from += MAX_RECEIVERS) {
        await this.#sendOverGateway(payload, topic, missed.slice(from, from + MAX_RECEIVERS));
      }
    } else {
      await this.#sendOverGateway(payload, topic, to);
    }
  }

  /** From a data channel. */
  heard({ sender, topic, payload }: Heard): void {
    this.#tell({ participantId: sender, topic, payload });
  }

  /** From the gateway, which tells senders of their own data as well. */
  sent(event: DataSentEvent, selfId: string | null): void {
    if (event.participant_id !== null && event.participant_id === selfId) return;
    const payload = event.base64 ? fromBase64(event.data) : new TextEncoder().encode(event.data);
    if (payload !== null) this.#tell({ participantId: event.participant_id, topic: event.topic, payload });
  }

  #tell(data: ReceivedData): void {
    for (const listener of this.#listeners) listener(data);
  }

  async #sendOverGateway(payload: Uint8Array, topic: string, to: readonly string[] | null): Promise<void> {
    if (payload.length > MAX_WITHOUT_CHANNEL) {
      throw new ParleyError("payload_too_large", `Without a data channel a message has ${MAX_WITHOUT_CHANNEL} bytes at most.`);
    }
    await this.#handlers.send({ topic, data: toBase64(payload), base64: true, to });
  }

  async #sendLossyOverGateway(payload: Uint8Array, topic: string, to: readonly string[] | null): Promise<void> {
    const now = Date.now();
    this.#lossySent = this.#lossySent.filter((at) => now - at < 1_000);
    if (this.#lossySent.length >= LOSSY_PER_S_WITHOUT_CHANNEL) return;
    this.#lossySent = [...this.#lossySent, now];
    // Lossy messages may get lost: whatever else is wrong, the next reliable one says.
    await this.#sendOverGateway(payload, topic, to).catch(() => undefined);
  }
}

function check(payload: Uint8Array, topic: string, to: readonly string[] | null, reliable: boolean): void {
  const most = reliable ? MAX_RELIABLE_PAYLOAD : MAX_LOSSY_PAYLOAD;
  if (payload.length > most) throw new ParleyError("payload_too_large", `A message has ${most} bytes at most.`);
  const topicLength = new TextEncoder().encode(topic).length;
  if (topicLength < 1 || topicLength > MAX_TOPIC_BYTES) {
    throw new ParleyError("validation_failed", `A topic has 1 to ${MAX_TOPIC_BYTES} bytes.`);
  }
  if (to !== null && (to.length < 1 || to.length > MAX_RECEIVERS)) {
    throw new ParleyError("validation_failed", `A message is for 1 to ${MAX_RECEIVERS} participants, or (null) for all.`);
  }
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** Null where it is no Base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
