/** What the browser measures of one track (W3C WebRTC Statistics), in short. */
export interface TrackStats {
  readonly trackId: string | null;
  readonly direction: "sent" | "received";
  readonly kind: "audio" | "video";
  readonly rid: string | null;
  readonly codec: string | null;
  readonly bytes: number;
  readonly packets: number;
  readonly packetsLost: number;
  /** Seconds. */
  readonly jitter: number | null;
  readonly frames: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly framesPerSecond: number | null;
  readonly totalAudioEnergy: number | null;
}

export interface RoomStats {
  readonly tracks: readonly TrackStats[];
  /** Seconds, of the publishing and the subscribing connection. */
  readonly roundTrip: { readonly publishing: number | null; readonly subscribing: number | null };
}

type Entry = Record<string, unknown> & { readonly type: string };

/** The tracks of one connection. `idOfMid` gives our track id for an m-line. */
export async function trackStats(
  connection: RTCPeerConnection,
  idOfMid: (mid: string) => string | null,
): Promise<{ tracks: TrackStats[]; roundTrip: number | null }> {
  const report = await connection.getStats();
  const entries = new Map<string, Entry>();
  report.forEach((entry: Entry & { id: string }) => entries.set(entry.id, entry));
  const tracks: TrackStats[] = [];
  let roundTrip: number | null = null;
  for (const entry of entries.values()) {
    if (entry.type === "candidate-pair" && entry.nominated === true) roundTrip = number(entry.currentRoundTripTime);
    if (entry.type !== "inbound-rtp" && entry.type !== "outbound-rtp") continue;
    const isReceived = entry.type === "inbound-rtp";
    const codec = entries.get(String(entry.codecId));
    tracks.push({
      trackId: idOfMid(String(entry.mid)),
      direction: isReceived ? "received" : "sent",
      kind: entry.kind === "audio" ? "audio" : "video",
      rid: text(entry.rid),
      codec: text(codec?.mimeType),
      bytes: number(entry[isReceived ? "bytesReceived" : "bytesSent"]) ?? 0,
      packets: number(entry[isReceived ? "packetsReceived" : "packetsSent"]) ?? 0,
      packetsLost: number(entry.packetsLost) ?? 0,
      jitter: number(entry.jitter),
      frames: number(entry[isReceived ? "framesDecoded" : "framesEncoded"]),
      width: number(entry.frameWidth),
      height: number(entry.frameHeight),
      framesPerSecond: number(entry.framesPerSecond),
      totalAudioEnergy: number(entry.totalAudioEnergy),
    });
  }
  return { tracks, roundTrip };
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
