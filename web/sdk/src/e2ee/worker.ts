/** The worker that the browser hands encoded frames to (W3C WebRTC Encoded Transform). */
import { FrameCryptor } from "./frame-cryptor.js";
import type { TrackSource } from "../room-state.js";
import type { SenderKey } from "./sender-keys.js";

export type ToWorker =
  | { readonly type: "own_key"; readonly key: SenderKey }
  | { readonly type: "key"; readonly participantId: string; readonly key: SenderKey }
  | { readonly type: "forget"; readonly participantId: string };

export interface FromWorker {
  readonly type: "failing";
  readonly participantId: string;
  readonly isFailing: boolean;
}

/** What a transform is made with: a receiver's names whose frames it gets, a sender's does not. Without a source, it lets nothing through. */
export interface TransformOptions {
  readonly source: TrackSource | null;
  readonly participantId: string | null;
}

type Frame = RTCEncodedVideoFrame | RTCEncodedAudioFrame;

/** The parts of a worker's global scope that are used; TypeScript's types of pages have none of them. */
interface Scope {
  onmessage: (event: MessageEvent<ToWorker>) => void;
  onrtctransform: (event: { readonly transformer: Transformer }) => void;
  postMessage: (message: FromWorker) => void;
}

interface Transformer {
  readonly readable: ReadableStream<Frame>;
  readonly writable: WritableStream<Frame>;
  readonly options: TransformOptions;
}

const scope = globalThis as unknown as Scope;
const cryptor = new FrameCryptor((participantId, isFailing) => {
  scope.postMessage({ type: "failing", participantId, isFailing });
});
/** Keys take effect in the order in which they were told. */
let last: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  last = last.then(() => take(data));
};

scope.onrtctransform = ({ transformer: { readable, writable, options } }) => {
  const { participantId, source } = options;
  const transform = source === null ? nothing : participantId === null ? encrypting(source) : decrypting(participantId, source);
  void readable.pipeThrough(new TransformStream({ transform })).pipeTo(writable).catch(() => undefined);
};

async function take(message: ToWorker): Promise<void> {
  switch (message.type) {
    case "own_key":
      await cryptor.setOwnKey(message.key);
      break;
    case "key":
      await cryptor.addKey(message.participantId, message.key);
      break;
    case "forget":
      cryptor.forget(message.participantId);
      break;
  }
}

type Transform = (frame: Frame, controller: TransformStreamDefaultController<Frame>) => Promise<void>;

const nothing: Transform = () => Promise.resolve();

function encrypting(source: TrackSource): Transform {
  return async (frame, controller) => {
    const isKeyFrame = "type" in frame && frame.type === "key";
    pass(frame, await cryptor.encrypt(new Uint8Array(frame.data), source, isKeyFrame), controller);
  };
}

function decrypting(participantId: string, source: TrackSource): Transform {
  const { decrypt } = cryptor.decryptor(participantId, source);
  return async (frame, controller) => {
    // A browser makes up frames without content to keep time.
    if (frame.data.byteLength > 0) pass(frame, await decrypt(new Uint8Array(frame.data)), controller);
  };
}

/** A frame that cannot be encrypted or decrypted goes nowhere. */
function pass(frame: Frame, data: Uint8Array<ArrayBuffer> | null, controller: TransformStreamDefaultController<Frame>): void {
  if (data === null) return;
  frame.data = data.buffer;
  controller.enqueue(frame);
}
