/** A connection that can be made is made within so long, milliseconds; browsers try for longer, and some for ever. */
const MADE_WITHIN_MS = 5_000;
/** Slow paths get twice as long with each try, up to this, milliseconds. */
const AT_MOST_MS = 20_000;

/** Looks whether connections, tried one after the other, come about in time. */
export class ConnectionWatch {
  #withinMs = MADE_WITHIN_MS;

  /** Whether the connection, which is being made from now on, has not been made in time. */
  async isLate(connection: RTCPeerConnection): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, this.#withinMs));
    const { connectionState } = connection;
    const isLate = connectionState === "new" || connectionState === "connecting";
    this.#withinMs = isLate ? Math.min(2 * this.#withinMs, AT_MOST_MS) : MADE_WITHIN_MS;
    return isLate;
  }
}
