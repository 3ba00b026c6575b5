/** Stands in for the browser's `RTCPeerConnection` in tests: it keeps what is asked of it, and connects to nothing. */
import { vi } from "vitest";

import type { Encoding } from "./encodings.js";

export interface SenderDouble {
  track: MediaStreamTrack | null;
  readonly replaceTrack: ReturnType<typeof vi.fn>;
  readonly getParameters: () => { encodings: RTCRtpEncodingParameters[] };
  readonly setParameters: (parameters: { encodings: RTCRtpEncodingParameters[] }) => Promise<void>;
}

export interface TransceiverDouble {
  mid: string | null;
  direction: RTCRtpTransceiverDirection;
  readonly sender: SenderDouble;
  readonly receiver: { readonly track: { readonly kind: string } };
  readonly setCodecPreferences: ReturnType<typeof vi.fn>;
}

export class PeerConnectionDouble extends EventTarget {
  /** All that were made, in their order. */
  static readonly made: PeerConnectionDouble[] = [];

  readonly transceivers: TransceiverDouble[] = [];
  readonly restartIce = vi.fn();
  readonly setConfiguration = vi.fn();
  connectionState: RTCPeerConnectionState = "new";
  signalingState: RTCSignalingState = "stable";
  localDescription: { readonly sdp: string } | null = null;
  #descriptions = 0;

  constructor() {
    super();
    PeerConnectionDouble.made.push(this);
  }

  /** In place of the browser's own, and of what it says of codecs; `vi.unstubAllGlobals` takes it back. */
  static install(): void {
    PeerConnectionDouble.made.length = 0;
    PeerConnectionDouble.overlooked = [];
    vi.stubGlobal("RTCPeerConnection", PeerConnectionDouble);
    PeerConnectionDouble.encodes();
  }

  /** Scalability modes that are overlooked, as some browsers do. */
  static overlooked: readonly string[] = [];

  /** What the browser can encode: Opus, and these for pictures. */
  static encodes(...codecs: string[]): void {
    PeerConnectionDouble.encodesSound("opus");
    PeerConnectionDouble.#codecs.set("video", PeerConnectionDouble.#codecsOf("video", codecs));
  }

  /** What the browser can encode of sound. */
  static encodesSound(...codecs: string[]): void {
    PeerConnectionDouble.#codecs.set("audio", PeerConnectionDouble.#codecsOf("audio", codecs));
    vi.stubGlobal("RTCRtpSender", {
      getCapabilities: (kind: string) => ({ codecs: PeerConnectionDouble.#codecs.get(kind) ?? [] }),
    });
  }

  static readonly #codecs = new Map<string, { mimeType: string; clockRate: number }[]>();

  static #codecsOf(kind: "audio" | "video", codecs: string[]): { mimeType: string; clockRate: number }[] {
    return codecs.map((codec) => ({ mimeType: `${kind}/${codec}`, clockRate: kind === "audio" ? 48_000 : 90_000 }));
  }

  addTransceiver(trackOrKind: MediaStreamTrack | string, init: RTCRtpTransceiverInit): object {
    const { direction = "sendrecv", sendEncodings = [{}] } = init;
    let isRead = false;
    let encodings: RTCRtpEncodingParameters[] = sendEncodings.map((given: Encoding) => {
      const encoding = { active: true, ...given };
      const { scalabilityMode, ...rest } = encoding;
      return scalabilityMode === undefined || PeerConnectionDouble.overlooked.includes(scalabilityMode) ? rest : encoding;
    });
    const track = typeof trackOrKind === "string" ? null : trackOrKind;
    const kind = typeof trackOrKind === "string" ? trackOrKind : trackOrKind.kind;
    const sender: SenderDouble = {
      track,
      replaceTrack: vi.fn((next: MediaStreamTrack | null) => {
        sender.track = next;
        return Promise.resolve();
      }),
      getParameters: () => {
        isRead = true;
        return { encodings: encodings.map((encoding) => ({ ...encoding })) };
      },
      // As the browser does it: what was read counts for one change, and only as long as nothing else has changed.
      setParameters: async ({ encodings: next }) => {
        if (!isRead) throw new DOMException("Read the parameters first.", "InvalidStateError");
        isRead = false;
        await Promise.resolve();
        encodings = next.map((encoding) => ({ active: true, ...encoding }));
      },
    };
    const transceiver = { mid: null, direction, sender, receiver: { track: { kind } }, setCodecPreferences: vi.fn() };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  /** An m-line on which a picture is received, as the next offer has it. `given`: when its track got something last, if ever. */
  receive(mid: string, given: () => number | null): MediaStreamTrack {
    const track = { kind: "video" };
    const getSynchronizationSources = () => {
      const timestamp = given();
      return timestamp === null ? [] : [{ timestamp }];
    };
    this.transceivers.push({ mid, receiver: { track, getSynchronizationSources } } as unknown as TransceiverDouble);
    return track as unknown as MediaStreamTrack;
  }

  getTransceivers(): readonly TransceiverDouble[] {
    return this.transceivers;
  }

  setLocalDescription(): Promise<void> {
    this.#descriptions += 1;
    for (const [index, transceiver] of this.transceivers.entries()) transceiver.mid ??= String(index);
    this.localDescription = { sdp: `local ${this.#descriptions}` };
    return Promise.resolve();
  }

  setRemoteDescription(): Promise<void> {
    return Promise.resolve();
  }

  /** As the browser would say it. */
  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }

  close(): void {
    this.connectionState = "closed";
    this.signalingState = "closed";
  }
}
