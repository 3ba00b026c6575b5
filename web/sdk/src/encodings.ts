import type { TrackSource } from "./room-state.js";

/** What cameras and screens are encoded with. */
export type VideoCodec = "vp8" | "h264" | "vp9" | "av1";

/** How a client sends pictures. */
export interface VideoPreferences {
  /** VP8 where nothing is said, or the browser does not encode this one. */
  readonly codec?: VideoCodec;
  /**
   * How a camera is sent in several sizes: as encodings beside each other, or as layers within one. VP9 and AV1 have layers where nothing is said,
   * VP8 and H.264 never.
   */
  readonly layers?: "simulcast" | "svc";
}

/** With what TypeScript's types leave out (W3C WebRTC-SVC). */
export type Encoding = RTCRtpEncodingParameters & { scalabilityMode?: string };

/** What a source is sent as. */
export interface SourceEncodings {
  readonly encodings: Encoding[];
  /** In the order of preference; null for the browser's own. */
  readonly codecs: RTCRtpCodec[] | null;
}

/** Camera layers, lowest first: a quarter, a half and the whole of 720p. Every other picture can be left out for who wants fewer. */
const CAMERA_SIMULCAST: Encoding[] = [
  { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000, maxFramerate: 20, scalabilityMode: "L1T2" },
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000, maxFramerate: 25, scalabilityMode: "L1T2" },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_700_000, maxFramerate: 30, scalabilityMode: "L1T2" },
];
/** The same sizes as layers of one encoding, with three frame rates; only key frames join them. */
const CAMERA_SVC: Encoding = { maxBitrate: 1_700_000, maxFramerate: 30, scalabilityMode: "L3T3_KEY" };
/** The small one is for connections that carry no more: a slide can still be read. */
const SCREEN_SIMULCAST: Encoding[] = [
  { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 400_000, maxFramerate: 10 },
  { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 2_600_000, maxFramerate: 30 },
];
const SOUND = { microphone: { maxBitrate: 40_000 }, screen_audio: { maxBitrate: 128_000 } };

/** What to send a source as: as it is preferred, as far as the browser can. */
export function encodingsOf(source: TrackSource, preferences: VideoPreferences): SourceEncodings {
  if (source === "microphone" || source === "screen_audio") {
    return { encodings: [{ ...SOUND[source] }], codecs: source === "microphone" ? redundantFirst() : null };
  }
  const offered = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
  const isOf = (codec: VideoCodec) => (each: RTCRtpCodec) => each.mimeType.toLowerCase() === `video/${codec}`;
  const wanted = preferences.codec ?? "vp8";
  const codec = offered.some(isOf(wanted)) ? wanted : "vp8";
  // The node takes the first codec that it knows.
  const isFirst = isOf(codec);
  const codecs = [...offered.filter(isFirst), ...offered.filter((each) => !isFirst(each))];
  const hasLayers = codec === "vp9" || codec === "av1";
  if (source === "camera" && hasLayers && preferences.layers !== "simulcast" && takes(CAMERA_SVC)) {
    return { encodings: [{ ...CAMERA_SVC }], codecs };
  }
  const simulcast = source === "camera" ? CAMERA_SIMULCAST : SCREEN_SIMULCAST;
  return { encodings: simulcast.map((encoding) => ({ ...encoding })), codecs };
}

/**
 * Sound with a copy of what was before (RFC 2198), where the browser has it: what one packet loses comes with the next. The node takes the
 * copies off for who cannot use them.
 */
function redundantFirst(): RTCRtpCodec[] | null {
  const offered = RTCRtpSender.getCapabilities("audio")?.codecs ?? [];
  const isRedundant = ({ mimeType }: RTCRtpCodec) => mimeType.toLowerCase() === "audio/red";
  if (!offered.some(isRedundant)) return null;
  return [...offered.filter(isRedundant), ...offered.filter((each) => !isRedundant(each))];
}

const ENCRYPTABLE = ["video/vp8", "video/rtx", "audio/opus"];

/**
 * Of these codecs, those whose frames can be encrypted: of VP8 and Opus it is known what must stay clear (docs/e2ee.md). Browsers add
 * redundancy to sound before it is encrypted, and a node could not take it off again.
 */
export function encryptable(codecs: readonly RTCRtpCodec[]): RTCRtpCodec[] {
  return codecs.filter(({ mimeType }) => ENCRYPTABLE.includes(mimeType.toLowerCase()));
}

/** Whether the browser takes a scalability mode: some refuse it, others overlook it. A connection that nobody uses tells. */
function takes(encoding: Encoding): boolean {
  const connection = new RTCPeerConnection();
  try {
    const { sender } = connection.addTransceiver("video", { direction: "sendonly", sendEncodings: [{ ...encoding }] });
    const [taken] = sender.getParameters().encodings as Encoding[];
    return taken?.scalabilityMode === encoding.scalabilityMode;
  } catch {
    return false;
  } finally {
    connection.close();
  }
}
