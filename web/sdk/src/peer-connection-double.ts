/** Stands in for the browser's `RTCPeerConnection` in tests: it keeps what is asked of it, and connects to nothing. */
import { vi } from "vitest";

export interface SenderDouble {
  track: MediaStreamTrack | null;
  readonly replaceTrack: ReturnType<typeof vi.fn>;
}

export interface TransceiverDouble {
  mid: string | null;
  direction: RTCRtpTransceiverDirection;
  readonly sender: SenderDouble;
  readonly receiver: { readonly track: { readonly kind: string } };
  readonly setCodecPreferences: () => void;
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
    vi.stubGlobal("RTCPeerConnection", PeerConnectionDouble);
    vi.stubGlobal("RTCRtpSender", { getCapabilities: () => ({ codecs: [] }) });
  }

  addTransceiver(trackOrKind: MediaStreamTrack | string, { direction = "sendrecv" }: RTCRtpTransceiverInit): object {
    const track = typeof trackOrKind === "string" ? null : trackOrKind;
    const kind = typeof trackOrKind === "string" ? trackOrKind : trackOrKind.kind;
    const sender: SenderDouble = {
      track,
      replaceTrack: vi.fn((next: MediaStreamTrack | null) => {
        sender.track = next;
        return Promise.resolve();
      }),
    };
    const transceiver = { mid: null, direction, sender, receiver: { track: { kind } }, setCodecPreferences: () => undefined };
    this.transceivers.push(transceiver);
    return transceiver;
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
