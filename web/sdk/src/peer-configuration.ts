/** Both peer connections' configuration. Candidates are gathered from the first moment on (W3C WebRTC, `iceCandidatePoolSize`). */
export function peerConfiguration(iceServers: readonly RTCIceServer[]): RTCConfiguration {
  return { bundlePolicy: "max-bundle", iceCandidatePoolSize: 1, iceServers: [...iceServers] };
}
