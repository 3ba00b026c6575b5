import type { ParleyApi } from "./api.js";
import { Devices } from "./devices.js";
import { asParleyError, ParleyError } from "./errors.js";
import { LocalMedia } from "./local-media.js";
import { MediaLink } from "./media-link.js";
import { applied, modelOf, type RoomModel } from "./room-model.js";
import { RoomSession } from "./room-session.js";
import type { CloseReason, RoomState, TrackSource, TrackState } from "./room-state.js";
import { INITIAL_STATE, viewOf } from "./room-view.js";
import type { RoomStats } from "./stats.js";
import { WishBatch, type Wish } from "./wishes.js";
import type { Closing, RoomEvents, ServerMessages, Welcome } from "./wire.js";

const SPEAKING_INTERVAL_MS = 100;

export interface RoomOptions {
  readonly api: ParleyApi;
  readonly meetingId: string;
  /** The name of a guest; of a user, a name other than the account's. */
  readonly displayName?: string;
}

export interface InitialMedia {
  readonly microphone?: MediaStreamTrack | null;
  readonly camera?: MediaStreamTrack | null;
}

/**
 * One meeting's live room. `state` is what a page renders; methods change the room, and reject with a `ParleyError` when that fails.
 *
 * A lost connection is resumed by itself; `state.status` tells. A closed room stays closed: make a new one to come back.
 */
export class Room {
  #state: RoomState = INITIAL_STATE;
  #model: RoomModel | null = null;
  #selfId: string | null = null;
  #status: RoomState["status"] = "idle";
  #closeReason: CloseReason | null = null;
  #audioBlocked = false;
  #speaking: ReadonlySet<string> = new Set();
  #speakingTimer: ReturnType<typeof setInterval> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #session: RoomSession;
  readonly #local: LocalMedia;
  readonly #media: MediaLink;
  readonly #wishes: WishBatch;

  constructor(options: RoomOptions) {
    this.#session = new RoomSession(options, {
      onMessage: (name, message) => {
        this.#handle(name, message);
      },
      onReconnecting: () => {
        this.#setStatus("reconnecting");
      },
      onFailed: (error) => {
        this.#close({ code: error.code, message: error.message });
      },
      version: () => this.#model?.version ?? 0,
    });
    this.#local = new LocalMedia((source) => {
      void this.#handleEnded(source);
    });
    this.#media = new MediaLink({
      local: this.#local,
      send: (name, command) => this.#session.send(name, command),
      onChange: () => {
        this.#render();
      },
      onAudioBlocked: (blocked) => {
        this.#audioBlocked = blocked;
        this.#render();
      },
      isMuted: (trackId) => this.#model?.tracks.get(trackId)?.muted ?? false,
    });
    this.#wishes = new WishBatch((wishes) =>
      this.#session.send("update_subscriptions", {
        tracks: wishes.map(({ trackId, enabled, maxHeight }) => ({
          track_id: trackId,
          enabled,
          max_height: maxHeight ?? null,
        })),
      }),
    );
  }

  get state(): RoomState {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Joins. Tracks that are given are published at once, and belong to the room from then on.
   *
   * @throws ParleyError why one cannot join; the room is closed then.
   */
  async connect(media: InitialMedia = {}): Promise<void> {
    if (this.#status !== "idle") throw new ParleyError("conflict", "This room has been joined before.");
    this.#setStatus("connecting");
    if (media.microphone) this.#local.put("microphone", media.microphone);
    if (media.camera) this.#local.put("camera", media.camera);
    window.addEventListener("pagehide", this.#handlePageHide);
    try {
      const joined = this.#session.join();
      this.#media.prepare();
      const ticket = await joined;
      this.#media.setIceServers(ticket.iceServers);
      await this.#session.open(ticket);
    } catch (thrown) {
      const error = asParleyError(thrown);
      this.#close({ code: error.code, message: error.message });
      throw error;
    }
    this.#speakingTimer = setInterval(() => {
      this.#updateSpeaking();
    }, SPEAKING_INTERVAL_MS);
  }

  /** Leaves; resolves when everything is closed. */
  async leave(): Promise<void> {
    const sent = this.#session.send("leave_meeting", {}).catch(() => undefined);
    this.#close({ code: "left", message: "You have left the meeting." }, sent);
    await sent;
  }

  async endForAll(): Promise<void> {
    try {
      await this.#session.send("end_meeting", {});
    } catch (error) {
      // The end itself may arrive before the acknowledgement, and closes the connection that would have brought it.
      if (this.#closeReason?.code !== "meeting_ended") throw error;
    }
  }

  async sendChat(text: string): Promise<void> {
    await this.#session.send("send_chat", { text });
  }

  /** Mutes a track of somebody else's (needs the permission to moderate), or one's own. */
  async muteTrack(trackId: string): Promise<void> {
    await this.#session.send("mute_track", { track_id: trackId });
  }

  async removeParticipant(participantId: string): Promise<void> {
    await this.#session.send("remove_participant", { participant_id: participantId });
  }

  async setMicrophone(enabled: boolean): Promise<void> {
    await this.#media.setMicrophone(enabled);
  }

  async setCamera(enabled: boolean): Promise<void> {
    await this.#media.setCamera(enabled);
  }

  async setScreenShare(enabled: boolean): Promise<void> {
    if (!enabled) return this.#media.stopScreen();
    const { video, audio } = await Devices.openScreen();
    await this.#media.startScreen(video, audio);
  }

  async switchDevice(kind: "audioinput" | "videoinput" | "audiooutput", deviceId: string): Promise<void> {
    if (kind === "audiooutput") return this.#media.setSpeaker(deviceId);
    await this.#media.switchDevice(kind === "audioinput" ? "microphone" : "camera", deviceId);
  }

  /** Says what is wanted of tracks; sent together a moment later, and only where it is news. */
  setSubscriptions(wishes: readonly Wish[]): void {
    this.#wishes.add(wishes);
  }

  async startAudio(): Promise<void> {
    await this.#media.startAudio();
  }

  getStats(): Promise<RoomStats> {
    return this.#media.stats();
  }

  readonly #handlePageHide = (): void => {
    // The page is going away: without this, the others would see us for the grace period.
    void this.#session.send("leave_meeting", {}).catch(() => undefined);
  };

  #handle<Name extends keyof ServerMessages>(name: Name, message: ServerMessages[Name]): void {
    switch (name) {
      case "welcome":
        this.#handleWelcome(message as Welcome);
        break;
      case "events":
        this.#handleEvents(message as RoomEvents);
        break;
      case "subscriber_offer":
        this.#media.handleOffer(message as ServerMessages["subscriber_offer"]);
        break;
      case "media_restart":
        this.#wishes.forget();
        this.#media.restart();
        break;
      case "closing":
        this.#handleClosing(message as Closing);
        break;
    }
  }

  #handleWelcome(welcome: Welcome): void {
    const isAnother = this.#selfId !== null && this.#selfId !== welcome.participant_id;
    this.#selfId = welcome.participant_id;
    this.#model = modelOf(welcome);
    this.#setStatus("connected");
    this.#wishes.open();
    if (isAnother) {
      this.#wishes.forget();
      this.#media.restart();
    } else if (welcome.resumed) {
      this.#media.resumed();
    } else {
      this.#media.start(this.#model.tracks.size > 0);
    }
  }

  #handleEvents(message: RoomEvents): void {
    if (this.#model === null) return;
    const next = applied(this.#model, message);
    if (next === "gap") {
      this.#session.resume();
      return;
    }
    this.#model = next;
    for (const event of message.events) {
      // A moderator's mute: what we capture must follow what the room believes.
      if (event.type === "track_muted" && event.by !== this.#selfId) this.#media.followMute(event.track_id);
      if (event.type === "meeting_ended") {
        this.#close({ code: "meeting_ended", message: "The host has ended the meeting." });
        return;
      }
      if (event.type === "participant_left" && event.participant_id === this.#selfId) {
        const code = event.reason === "removed" ? "participant_removed" : event.reason;
        this.#close({ code, message: "You are no longer in the meeting." });
        return;
      }
    }
    this.#render();
  }

  #handleClosing(closing: Closing): void {
    if (closing.retry) this.#session.resume();
    else this.#close({ code: closing.code, message: closing.message });
  }

  async #handleEnded(source: TrackSource): Promise<void> {
    try {
      if (source === "screen" || source === "screen_audio") await this.#media.stopScreen();
      else await this.#media.lost(source);
    } catch {
      // The room is closing, or the connection is: both clean up by themselves.
    }
  }

  #updateSpeaking(): void {
    const tracks = this.#state.participants.flatMap((participant): TrackState[] => [...participant.tracks]);
    const next = this.#media.speaking(tracks);
    if (next === this.#speaking) return;
    this.#speaking = next;
    this.#render();
  }

  #setStatus(status: RoomState["status"]): void {
    this.#status = status;
    this.#render();
  }

  #close(reason: CloseReason, afterwards: Promise<unknown> = Promise.resolve()): void {
    if (this.#status === "closed") return;
    clearInterval(this.#speakingTimer);
    window.removeEventListener("pagehide", this.#handlePageHide);
    this.#closeReason = reason;
    this.#wishes.close();
    this.#media.close();
    this.#local.stopAll();
    this.#speaking = new Set();
    this.#setStatus("closed");
    void afterwards.finally(() => {
      this.#session.close();
    });
  }

  #render(): void {
    const next = viewOf(
      this.#model,
      {
        status: this.#status,
        media: this.#media.status,
        closeReason: this.#closeReason,
        audioBlocked: this.#audioBlocked,
        selfId: this.#selfId,
        mediaTracks: this.#media.tracks(),
        speaking: this.#speaking,
      },
      this.#state,
    );
    this.#state = next;
    for (const listener of this.#listeners) listener();
  }
}
