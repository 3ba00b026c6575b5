/** So long at the most a track is still heard after another one has taken its place, milliseconds. */
const HEARD_TWICE_MS = 1_000;

/** Plays the sound of the others: one hidden element per track, since a browser decodes only what is attached somewhere. */
export class RemoteAudio {
  readonly #elements = new Map<string, HTMLAudioElement>();
  readonly #onBlocked: (blocked: boolean) => void;
  #sinkId = "";

  constructor(onBlocked: (blocked: boolean) => void) {
    this.#onBlocked = onBlocked;
  }

  /** Plays exactly these tracks, by id. */
  set(tracks: ReadonlyMap<string, MediaStreamTrack>): void {
    for (const [id, element] of this.#elements) {
      if (tracks.has(id)) continue;
      element.srcObject = null;
      this.#elements.delete(id);
    }
    for (const [id, track] of tracks) {
      const former = this.#elements.get(id);
      if (former?.srcObject instanceof MediaStream && former.srcObject.getTracks()[0] === track) continue;
      const element = new Audio();
      element.autoplay = true;
      this.#elements.set(id, element);
      void this.#direct(element);
      element.srcObject = new MediaStream([track]);
      if (former !== undefined) endWith(former, element);
      void this.#play(element);
    }
  }

  /** Tries again to play what the browser has refused; call it from a click. */
  async start(): Promise<void> {
    this.#onBlocked(false);
    await Promise.all([...this.#elements.values()].map((element) => this.#play(element)));
  }

  async setSink(deviceId: string): Promise<void> {
    this.#sinkId = deviceId;
    await Promise.all([...this.#elements.values()].map((element) => this.#direct(element)));
  }

  async #direct(element: HTMLAudioElement): Promise<void> {
    // Not every browser lets a page choose; the system's speaker is then the one.
    if (this.#sinkId !== "" && "setSinkId" in element) await element.setSinkId(this.#sinkId).catch(() => undefined);
  }

  async #play(element: HTMLAudioElement): Promise<void> {
    try {
      await element.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#onBlocked(true);
    }
  }

  close(): void {
    this.set(new Map());
  }
}

/** The former element is heard until the next one is: nothing is missed in between. */
function endWith(former: HTMLAudioElement, next: HTMLAudioElement): void {
  const end = () => {
    former.srcObject = null;
  };
  next.addEventListener("playing", end, { once: true });
  setTimeout(end, HEARD_TWICE_MS);
}
