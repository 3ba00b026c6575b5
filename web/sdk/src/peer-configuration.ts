/**
 * Both peer connections' configuration. Candidates are gathered from the first moment on (W3C WebRTC, `iceCandidatePoolSize`).
 *
 * `iceTransportPolicy`: with `relay` media goes through TURN servers alone.
 */
export function peerConfiguration(
  iceServers: readonly RTCIceServer[],
  iceTransportPolicy: RTCIceTransportPolicy = "all",
): RTCConfiguration {
  return { bundlePolicy: "max-bundle", iceCandidatePoolSize: 1, iceServers: [...iceServers], iceTransportPolicy };
}
