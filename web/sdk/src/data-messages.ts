/**
 * What goes over a data channel between us and the media node, byte for byte: as in `contracts/data_messages.py`, where it is
 * explained. Both are tested on `tests/data/data_messages.json`.
 */
export const RELIABLE_LABEL = "parley-reliable";
export const LOSSY_LABEL = "parley-lossy";
export const MAX_RELIABLE_PAYLOAD = 16 * 1024;
export const MAX_LOSSY_PAYLOAD = 1024;
export const MAX_TOPIC_BYTES = 64;
export const MAX_RECEIVERS = 100;

const SAID = 1;
const HEARD = 2;
const ANSWERED = 3;

/** Our message. `to`: whom it is for; empty for all in the same room. */
export interface Said {
  readonly number: number;
  readonly topic: string;
  readonly to: readonly string[];
  readonly payload: Uint8Array;
}

/** Somebody's message. */
export interface Heard {
  readonly type: "heard";
  readonly sender: string;
  readonly topic: string;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** What became of a reliable message of ours; number 0: of the channel, which the node closes for the reason `code`. */
export interface Answered {
  readonly type: "answered";
  readonly number: number;
  /** Why it was refused; empty if it was not. */
  readonly code: string;
  /** Whom the node did not reach, because they have no open channel. */
  readonly missed: readonly string[];
}

export function encodeSaid({ number, topic, to, payload }: Said): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const topicBytes = encoder.encode(topic);
  const ids = to.map((id) => encoder.encode(id));
  const head = 7 + topicBytes.length + ids.reduce((sum, id) => sum + 1 + id.length, 0);
  const message = new Uint8Array(head + payload.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, SAID);
  view.setUint32(1, number);
  view.setUint8(5, topicBytes.length);
  view.setUint8(6, ids.length);
  message.set(topicBytes, 7);
  let position = 7 + topicBytes.length;
  for (const id of ids) {
    message[position] = id.length;
    message.set(id, position + 1);
    position += 1 + id.length;
  }
  message.set(payload, position);
  return message;
}

/** A message of the node; null where it is none that we know, as from a newer node. */
export function decodeFromNode(message: ArrayBuffer): Heard | Answered | null {
  const reader = new Reader(message);
  try {
    switch (reader.byte()) {
      case HEARD: {
        const [topicLength, senderLength] = [reader.byte(), reader.byte()];
        const [topic, sender] = [reader.text(topicLength), reader.text(senderLength)];
        return { type: "heard", sender, topic, payload: reader.rest() };
      }
      case ANSWERED: {
        const [number, codeLength, count] = [reader.uint32(), reader.byte(), reader.uint16()];
        const code = reader.text(codeLength);
        const missed = Array.from({ length: count }, () => reader.text(reader.byte()));
        return { type: "answered", number, code, missed };
      }
      default:
        return null;
    }
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return null;
    throw error;
  }
}

/** Reads from the beginning to the end; a `RangeError` where there is no more, a `TypeError` for a text that is not UTF-8. */
class Reader {
  readonly #view: DataView<ArrayBuffer>;
  #position = 0;

  constructor(message: ArrayBuffer) {
    this.#view = new DataView(message);
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  text(length: number): string {
    const bytes = new Uint8Array(this.#view.buffer, this.#take(length), length);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  }

  rest(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#view.buffer, this.#position);
  }

  #take(length: number): number {
    const position = this.#position;
    this.#position += length;
    return position;
  }
}
