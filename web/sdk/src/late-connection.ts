/** A connection that can be made is made within so long, milliseconds; browsers try for longer, and some for ever. */
const MADE_WITHIN_MS = 10_000;

/** Whether the connection, which is being made from now on, has not been made in time. */
export async function isLate(connection: RTCPeerConnection): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, MADE_WITHIN_MS));
  const { connectionState } = connection;
  return connectionState === "new" || connectionState === "connecting";
}
