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
  /** Seconds, of the connections to the node and of the direct one. */
  readonly roundTrip: {
    readonly publishing: number | null;
    readonly subscribing: number | null;
    readonly direct: number | null;
  };
}

/** The connections of a room, and which of their m-lines and receivers stand for which track. */
interface RoomConnections {
  readonly publishing: RTCPeerConnection | null;
  readonly subscribing: RTCPeerConnection | null;
  readonly direct: RTCPeerConnection | null;
  /** Ids of the tracks sent to the node, by m-line. */
  readonly sentIds: ReadonlyMap<string, string>;
  /** The receivers that are shown or heard, by track id. */
  readonly inUse: ReadonlyMap<string, RTCRtpReceiver>;
}

/** What is sent to the node, and what is received on whichever path. */
export async function roomStats(room: RoomConnections): Promise<RoomStats> {
  const ids = new Map([...room.inUse].map(([id, receiver]) => [receiver, id]));
  const measure = (connection: RTCPeerConnection | null, idOfMid: (mid: string) => string | undefined) =>
    connection === null ? null : trackStats(connection, (mid) => idOfMid(mid) ?? null);
  const receivedOnMid = (connection: RTCPeerConnection | null) => (mid: string) => {
    const transceiver = connection?.getTransceivers().find((each) => each.mid === mid);
    return transceiver === undefined ? undefined : ids.get(transceiver.receiver);
  };
  const publishing = await measure(room.publishing, (mid) => room.sentIds.get(mid));
  const subscribing = await measure(room.subscribing, receivedOnMid(room.subscribing));
  const direct = await measure(room.direct, receivedOnMid(room.direct));
  return {
    tracks: [
      ...(publishing?.tracks ?? []),
      ...(subscribing?.tracks ?? []),
      ...(direct?.tracks ?? []).filter(({ direction }) => direction === "received"),
    ],
    roundTrip: {
      publishing: publishing?.roundTrip ?? null,
      subscribing: subscribing?.roundTrip ?? null,
      direct: direct?.roundTrip ?? null,
    },
  };
}

type Entry = Record<string, unknown> & { readonly type: string };

/** The tracks of one connection. `idOfMid` gives our track id for an m-line. */
async function trackStats(
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

/** How much has come on a receiver so far: decoded frames of a picture, packets of sound. */
export async function receivedOn(receiver: RTCRtpReceiver): Promise<number> {
  let received = 0;
  (await receiver.getStats()).forEach((entry: Entry) => {
    if (entry.type !== "inbound-rtp") return;
    received += number(entry[entry.kind === "audio" ? "packetsReceived" : "framesDecoded"]) ?? 0;
  });
  return received;
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
