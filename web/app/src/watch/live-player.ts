import type Hls from "hls.js/light";

/** What there is to see: `waiting` for the beginning (or for what was interrupted), `gone` when nothing has come for long. */
export type Phase = "loading" | "waiting" | "live" | "ended" | "gone" | "unplayable";

const ASK_AGAIN_MS = 2000;
/** Who waits for so long is told that there is nothing, and still waits. */
const GONE_AFTER_MS = 60_000;
const ASK_RARELY_MS = 15_000;
const GONE = 410;
/** Who stands still for so long after the last segment was named has seen the end, also where a little is missing of it. */
const STANDS_STILL_MS = 3000;

interface LivePlayerOptions {
  readonly video: HTMLVideoElement;
  readonly url: string;
  readonly onPhase: (phase: Phase) => void;
  /** Fetches as `fetch` does; tests have another. */
  readonly ask?: (url: string) => Promise<{ readonly ok: boolean; readonly status: number }>;
}

/** Plays a live stream from its beginning, over interruptions, to its end. */
export class LivePlayer {
  readonly #options: LivePlayerOptions;
  #phase: Phase = "loading";
  #hls: Hls | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #endWatch: ReturnType<typeof setInterval> | undefined;
  #waitingSince = Date.now();
  #stop: AbortController | null = null;

  constructor(options: LivePlayerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stop = new AbortController();
    const { video } = this.#options;
    const { signal } = this.#stop;
    video.addEventListener("ended", () => { this.#finish("ended"); }, { signal });
    video.addEventListener("playing", () => { this.#tell("live"); }, { signal });
    // Where the browser itself plays HLS.
    video.addEventListener("error", () => { if (this.#hls === null) this.#interrupted(); }, { signal });
    void this.#ask();
  }

  destroy(): void {
    this.#stop?.abort();
    this.#stop = null;
    clearTimeout(this.#timer);
    this.#release();
  }

  /** How far behind what happens it plays, in seconds; null where nobody says. */
  get latency(): number | null {
    const latency = this.#hls?.latency ?? 0;
    return latency > 0 ? latency : null;
  }

  /** Goes on where it is live now. */
  jump(): void {
    const position = this.#hls?.liveSyncPosition;
    const { video } = this.#options;
    if (position != null) video.currentTime = position;
    else if (video.seekable.length > 0) video.currentTime = video.seekable.end(video.seekable.length - 1);
    void video.play().catch(() => undefined);
  }

  async #ask(): Promise<void> {
    const { ask = (url: string) => fetch(url, { cache: "no-store" }), url } = this.#options;
    const answer = await ask(url).catch(() => null);
    if (this.#stop === null) return;
    if (answer?.ok === true) {
      await this.#attach();
    } else if (answer?.status === GONE) {
      this.#finish("ended");
    } else {
      const isLong = Date.now() - this.#waitingSince > GONE_AFTER_MS;
      this.#tell(isLong ? "gone" : "waiting");
      this.#askAgain(isLong ? ASK_RARELY_MS : ASK_AGAIN_MS);
    }
  }

  async #attach(): Promise<void> {
    const { video, url } = this.#options;
    const { default: HlsPlayer } = await import("hls.js/light");
    if (this.#stop === null) return;
    if (HlsPlayer.isSupported()) {
      const hls = new HlsPlayer({ lowLatencyMode: true, backBufferLength: 30, maxLiveSyncPlaybackRate: 1.1 });
      this.#hls = hls;
      hls.on(HlsPlayer.Events.ERROR, (_, { fatal, type }) => {
        if (!fatal || this.#hls !== hls) return;
        if (type === HlsPlayer.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
        else this.#interrupted();
      });
      hls.on(HlsPlayer.Events.LEVEL_UPDATED, (_, { details }) => {
        if (!details.live && this.#hls === hls) this.#watchEnd();
      });
      hls.loadSource(url);
      hls.attachMedia(video);
    } else if (video.canPlayType("application/vnd.apple.mpegurl") !== "") {
      video.src = url;
    } else {
      this.#finish("unplayable");
      return;
    }
    await this.#play();
  }

  /** With sound where the browser lets it, and without one where not. */
  async #play(): Promise<void> {
    const { video } = this.#options;
    try {
      await video.play();
    } catch (thrown) {
      if (!(thrown instanceof DOMException) || thrown.name !== "NotAllowedError") return;
      video.muted = true;
      await video.play().catch(() => undefined);
    }
  }

  #watchEnd(): void {
    if (this.#endWatch !== undefined) return;
    const { video } = this.#options;
    let [at, since] = [video.currentTime, Date.now()];
    this.#endWatch = setInterval(() => {
      if (video.paused || video.currentTime !== at) [at, since] = [video.currentTime, Date.now()];
      else if (Date.now() - since >= STANDS_STILL_MS) this.#finish("ended");
    }, 500);
  }

  #interrupted(): void {
    this.#release();
    this.#waitingSince = Date.now();
    this.#tell("waiting");
    this.#askAgain(ASK_AGAIN_MS);
  }

  #finish(phase: "ended" | "unplayable"): void {
    this.#release();
    this.#tell(phase);
  }

  #askAgain(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), afterMs);
  }

  #release(): void {
    clearInterval(this.#endWatch);
    this.#endWatch = undefined;
    this.#hls?.destroy();
    this.#hls = null;
    const { video } = this.#options;
    if (video.src !== "") {
      video.removeAttribute("src");
      video.load();
    }
  }

  #tell(phase: Phase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#options.onPhase(phase);
  }
}
