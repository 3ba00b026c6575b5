import type { ParleyApi } from "./api.js";
import { Devices } from "./devices.js";
import type { VideoPreferences } from "./encodings.js";
import { asParleyError, ParleyError } from "./errors.js";
import { KEY_TOPIC } from "./e2ee/key-exchange.js";
import { RoomEncryption } from "./e2ee/room-encryption.js";
import { JoinWatch } from "./join-watch.js";
import { LocalMedia } from "./local-media.js";
import { MediaLink } from "./media-link.js";
import { MediaNews } from "./media-news.js";
import { Moderation } from "./moderation.js";
import { SharedNotes } from "./notes/shared-notes.js";
import { Reactions } from "./reactions.js";
import { applied, modelOf, newsIn, peerOf, voted, type RoomModel } from "./room-model.js";
import { RoomData } from "./room-data.js";
import { RoomSession } from "./room-session.js";
import type { BroadcastWish, CloseReason, RecordingWish, RoomState, TrackSource, TrackState } from "./room-state.js";
import { INITIAL_STATE, viewOf } from "./room-view.js";
import type { RoomStats } from "./stats.js";
import { SoundWish } from "./sound-wish.js";
import { WishBatch, type Wish } from "./wishes.js";
import type { Closing, IceServer, RoomEvents, RoomSync, ServerMessages, Welcome } from "./wire.js";

const SPEAKING_INTERVAL_MS = 100;

export interface RoomOptions {
  readonly api: ParleyApi;
  readonly meetingId: string;
  /** The name of a guest; of a user, a name other than the account's. */
  readonly displayName?: string;
  /** Of a meeting that asks for one. */
  readonly passcode?: string;
  /** How pictures are sent; by default as VP8 in several encodings. */
  readonly video?: VideoPreferences;
  /** `relay`: media goes through the platform's TURN servers alone. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
  /** The secret of a meeting that is encrypted from end to end (`newMeetingSecret`), as it is in the meeting's link. */
  readonly secret?: string | null;
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
  readonly #news = new MediaNews();
  #lobbyMessage: string | null = null;
  #unmuteRequest: RoomState["unmuteRequest"] = null;
  #speakingTimer: ReturnType<typeof setInterval> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #reactions = new Reactions(() => {
    this.#render();
  });
  /** For those who run the meeting. */
  readonly moderation = new Moderation((name, command) => this.#session.send(name, command));
  /** For all who have the permission `notes`; `state.notes` is what they read. */
  readonly notes = new SharedNotes({
    send: (edit) => this.#session.send("edit_notes", edit),
    onChange: () => {
      this.#render();
    },
  });
  /** Application data between participants. */
  readonly data: RoomData;
  readonly #session: RoomSession;
  readonly #watch = new JoinWatch();
  #isTraced = false;
  readonly #local: LocalMedia;
  readonly #media: MediaLink;
  readonly #wishes: WishBatch;
  readonly #sound: SoundWish;
  readonly #options: RoomOptions;
  #encryption: RoomEncryption | null = null;
  #hasSetPolicy = false;
  #servers: readonly RTCIceServer[] = [];

  constructor(options: RoomOptions) {
    this.#options = options;
    this.#session = new RoomSession(options, this.#watch, {
      onMessage: (name, message) => {
        this.#handle(name, message);
      },
      onReconnecting: () => {
        this.#setStatus("reconnecting");
      },
      onTicket: ({ iceServers }) => {
        this.#servers = iceServers;
        // What is gathered before one is let in.
        if (this.#selfId === null) this.#media.setIceServers(iceServers);
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
      ...(options.video === undefined ? {} : { video: options.video }),
      send: (name, command) => this.#session.send(name, command),
      onChange: () => {
        this.#reportJoin();
        this.#render();
      },
      onAudioBlocked: (blocked) => {
        this.#audioBlocked = blocked;
        this.#render();
      },
      known: () => this.#model?.tracks ?? new Map(),
      signal: (to, signal) => this.#session.send("signal_peer", { to, ...signal }),
      encryption: () => this.#encryption,
      onData: (heard) => {
        this.data.heard(heard);
      },
      renewServers: () => this.#renewServers(),
      iceTransportPolicy: options.iceTransportPolicy,
    });
    this.data = new RoomData({
      channels: this.#media.data,
      open: () => {
        this.#media.openData();
      },
      send: (command) => this.#session.send("send_data", command),
    });
    this.#sound = new SoundWish(
      (form) => this.#session.send("set_sound", { form }),
      (reason) => {
        this.#news.hearSound({ form: "separate", reason });
        this.#render();
      },
    );
    this.#wishes = new WishBatch((wishes, maxCameras) =>
      this.#session.send("update_subscriptions", {
        max_cameras: maxCameras,
        tracks: wishes.map(({ trackId, enabled, maxHeight, maxFrameRate, pinned = false }) => ({
          track_id: trackId,
          enabled,
          max_height: maxHeight ?? null,
          max_frame_rate: maxFrameRate ?? null,
          pinned,
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
      const { secret = null } = this.#options;
      if (secret !== null) await this.#encrypt(secret);
      const joined = this.#session.join();
      this.#media.prepare();
      const ticket = await joined;
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

  /** TURN servers come from the gateway, to those who were let in; others with the ticket. */
  #setIceServers(turn: readonly IceServer[]): void {
    if (turn.length === 0) return;
    const servers = turn.map(({ urls, username, credential }) => ({ urls: [...urls], username, credential }));
    this.#media.setIceServers([...this.#servers, ...servers]);
  }

  async #renewServers(): Promise<void> {
    try {
      this.#setIceServers((await this.#session.send("get_ice_servers", {})).ice_servers);
    } catch {
      // What there is may do, and with a new connection to the gateway come others.
    }
  }

  async #encrypt(secret: string): Promise<void> {
    const encryption = await RoomEncryption.create({
      secret,
      meetingId: this.#options.meetingId,
      send: (text, to) => this.#session.send("send_data", { topic: KEY_TOPIC, data: text, to }),
      onChange: () => {
        this.#render();
      },
    });
    if (this.#closeReason === null) this.#encryption = encryption;
    else encryption.close();
  }

  /** Leaves; resolves when everything is closed. */
  async leave(): Promise<void> {
    const left = this.#session.leave();
    this.#shut({ code: "left", message: "You have left the meeting." });
    await left;
  }

  async endForAll(): Promise<void> {
    try {
      await this.#session.send("end_meeting", {});
    } catch (error) {
      // The end itself may arrive before the acknowledgement, and closes the connection that would have brought it.
      if (this.#closeReason?.code !== "meeting_ended") throw error;
    }
  }

  /**
   * To all in the same room; or to one participant, by id, or to those who moderate (`hosts`); with the permission to moderate also
   * to all rooms (`everyone`).
   */
  async sendChat(text: string, to: string | null = null): Promise<void> {
    await this.#session.send("send_chat", { text, to });
  }

  async editChat(messageId: string, text: string): Promise<void> {
    await this.#session.send("edit_chat", { message_id: messageId, text });
  }

  /** Takes a message of one's own back; with the permission to moderate, anyone's. */
  async removeChat(messageId: string): Promise<void> {
    await this.#session.send("remove_chat", { message_id: messageId });
  }

  async setHand(raised: boolean): Promise<void> {
    await (raised ? this.#session.send("raise_hand", {}) : this.#session.send("lower_hand", {}));
  }

  async react(emoji: string): Promise<void> {
    await this.#session.send("send_reaction", { emoji });
  }

  async rename(name: string): Promise<void> {
    await this.#session.send("rename", { name });
  }

  /** One's vote, by the options' places from 0; an empty one takes it back. */
  async vote(pollId: string, options: readonly number[]): Promise<void> {
    await this.#session.send("vote", { poll_id: pollId, options });
    if (this.#model !== null) this.#model = voted(this.#model, pollId, options);
    this.#render();
  }

  /** Goes to a breakout room, or back to the main room (null). Media and chat follow. */
  async enterBreakout(breakoutId: string | null): Promise<void> {
    await this.#session.send("enter_breakout", { breakout_id: breakoutId });
  }

  /**
   * Has the main room recorded, and everybody told; resolves when the recorder runs. With the permission to record; rejects with
   * `recording_unavailable` where nothing can be recorded. Without a kind it is that of the meeting's settings.
   */
  async startRecording(wish: RecordingWish = {}): Promise<void> {
    await this.#session.send("start_recording", wish);
  }

  /** Resolves when nothing is recorded any more. */
  async stopRecording(): Promise<void> {
    await this.#session.send("stop_recording", {});
  }

  /**
   * Has the main room streamed out, and everybody told; resolves with what it can be watched by (null: it goes to servers alone) when it
   * runs. With the permission to moderate; rejects with `broadcast_unavailable` where nothing can be streamed out.
   */
  async startBroadcast(wish: BroadcastWish = {}): Promise<string | null> {
    const answer = await this.#session.send("start_broadcast", wish);
    return answer.watch_key;
  }

  /** Resolves when nothing is streamed out any more. */
  async stopBroadcast(): Promise<void> {
    await this.#session.send("stop_broadcast", {});
  }

  /** Takes `state.unmuteRequest` away; `accept` unmutes. */
  async answerUnmuteRequest(accept: boolean): Promise<void> {
    const request = this.#unmuteRequest;
    this.#unmuteRequest = null;
    this.#render();
    if (!accept || request === null) return;
    await (request.source === "camera" ? this.setCamera(true) : this.setMicrophone(true));
  }

  async setMicrophone(enabled: boolean): Promise<void> {
    await this.#media.outgoing.setMicrophone(enabled);
  }

  async setCamera(enabled: boolean): Promise<void> {
    await this.#media.outgoing.setCamera(enabled);
  }

  async setScreenShare(enabled: boolean): Promise<void> {
    if (!enabled) return this.#media.outgoing.stopScreen();
    const { video, audio } = await Devices.openScreen();
    await this.#media.outgoing.startScreen(video, audio);
  }

  async switchDevice(kind: "audioinput" | "videoinput" | "audiooutput", deviceId: string): Promise<void> {
    if (kind === "audiooutput") return this.#media.setSpeaker(deviceId);
    await this.#media.outgoing.switchDevice(kind === "audioinput" ? "microphone" : "camera", deviceId);
  }

  /** Says what is wanted of tracks; sent together a moment later, and only where it is news. */
  setSubscriptions(wishes: readonly Wish[]): void {
    this.#wishes.add(wishes);
  }

  /**
   * At most so many cameras of those that are wanted are received: pinned ones, then those of who speaks or spoke last. The others are
   * `hidden`. Null: as many as the node sends.
   */
  limitCameras(count: number | null): void {
    this.#wishes.limitCameras(count ?? 0);
  }

  /**
   * `mixed`: the node mixes all sound where one is into one track of 24 kbit/s, without one's own, for a path that carries little; `state.sound`
   * tells when it comes so. Rejects with `mixed_sound_unavailable` where the node has no place for a mixer, and with `meeting_encrypted`.
   */
  async setSound(form: RoomState["sound"]["form"]): Promise<void> {
    await this.#sound.set(form);
  }

  async startAudio(): Promise<void> {
    await this.#media.startAudio();
  }

  getStats(): Promise<RoomStats> {
    return this.#media.stats();
  }

  #reportJoin(): void {
    if (!this.#isTraced || this.#media.status !== "connected") return;
    this.#watch.took("media");
    const report = this.#watch.report();
    // Nothing hangs on it.
    if (report !== null) void this.#session.send("report_join", report).catch(() => undefined);
  }

  readonly #handlePageHide = (): void => {
    // The page is going away: without this, the others would see us for the grace period.
    void this.#session.send("leave_meeting", {}).catch(() => undefined);
  };

  #handle<Name extends keyof ServerMessages>(name: Name, message: ServerMessages[Name]): void {
    // A closed room stays closed, whatever was on its way.
    if (this.#status === "closed") return;
    switch (name) {
      case "welcome":
        this.#handleWelcome(message as Welcome);
        break;
      case "waiting":
        this.#setStatus("waiting");
        break;
      case "lobby_message":
        this.#lobbyMessage = (message as ServerMessages["lobby_message"]).text;
        this.#render();
        break;
      case "room":
        this.#model = modelOf(message as RoomSync);
        this.notes.restart((message as RoomSync).room.notes);
        this.#followModel(this.#model);
        this.#encryption?.again();
        this.#render();
        break;
      case "chat":
        if (this.#model !== null) this.#model = { ...this.#model, chat: (message as ServerMessages["chat"]).chat };
        this.#render();
        break;
      case "events":
        this.#handleEvents(message as RoomEvents);
        break;
      case "subscriber_offer":
        this.#media.handleOffer(message as ServerMessages["subscriber_offer"]);
        break;
      case "track_starved":
        this.#news.hearStarved(message as ServerMessages["track_starved"]);
        this.#render();
        break;
      case "cameras_shown":
        this.#news.hearCameras(message as ServerMessages["cameras_shown"]);
        this.#render();
        break;
      case "sound_changed":
        this.#news.hearSound(message as ServerMessages["sound_changed"]);
        this.#render();
        break;
      case "connection_quality":
        this.#news.hearQualities(
          message as ServerMessages["connection_quality"],
          (id) => this.#model?.participants.has(id) === true,
        );
        this.#render();
        break;
      case "active_speakers":
        this.#news.hearSpeakers(message as ServerMessages["active_speakers"]);
        this.#render();
        break;
      case "layers_wanted": {
        const { track_id: trackId, layers } = message as ServerMessages["layers_wanted"];
        this.#media.setLayersWanted(trackId, layers);
        break;
      }
      case "media_restart":
        this.#news.forgetMedia();
        this.#wishes.forget();
        this.#sound.again();
        if ((message as ServerMessages["media_restart"]).overlap) this.#media.move();
        else this.#media.restart();
        break;
      case "closing":
        this.#handleClosing(message as Closing);
        break;
    }
  }

  #handleWelcome(welcome: Welcome): void {
    // Those that still are come with this connection, and so does how all connections are.
    this.#news.forgetAll();
    const isAnother = this.#selfId !== null && this.#selfId !== welcome.participant_id;
    this.#selfId = welcome.participant_id;
    this.#isTraced = welcome.traced;
    this.#watch.took("connect");
    this.#watch.took("welcome");
    this.#setIceServers(welcome.ice_servers);
    const known = isAnother ? null : this.#model;
    // While one moves to another gateway, the one that is left may have told more already.
    const model = known !== null && known.version > welcome.version ? known : modelOf(welcome);
    this.#model = model;
    if (model !== known) this.notes.restart(welcome.room.notes);
    this.#lobbyMessage = null;
    this.#setStatus("connected");
    this.#wishes.open();
    this.#followModel(model);
    if (isAnother) {
      this.#wishes.forget();
      this.#sound.again();
      this.#media.restart();
    } else if (welcome.resumed) {
      for (const event of newsIn(welcome.missed ?? [], known)) this.#follow(event);
      this.#media.resumed();
    } else {
      if (welcome.room.mute_on_entry) this.#comeInMuted(model);
      this.#media.start(model.tracks.size > 0);
    }
  }

  /** The meeting has it so for those who do not run it. */
  #comeInMuted(model: RoomModel): void {
    const self = this.#selfId === null ? undefined : model.participants.get(this.#selfId);
    if (self?.permissions.moderate === true) return;
    void this.#media.outgoing.setMicrophone(false).catch(() => undefined);
  }

  #handleEvents(message: RoomEvents): void {
    const known = this.#model;
    if (known === null) return;
    const next = applied(known, message);
    if (next === "gap") {
      this.#session.resume();
      return;
    }
    this.#model = next;
    this.#followModel(next);
    for (const event of newsIn(message.events, known)) {
      this.#follow(event);
      if (event.type === "meeting_ended") {
        this.#close({ code: "meeting_ended", message: "The host has ended the meeting." });
        return;
      }
      if (event.type === "participant_left" && event.participant_id === this.#selfId) {
        // Why is for us alone, and comes next (`closing`).
        if (event.reason === "access_lost") return;
        const code = event.reason === "removed" ? "participant_removed" : event.reason;
        this.#close({ code, message: "You are no longer in the meeting." });
        return;
      }
    }
    this.#render();
  }

  #followModel(model: RoomModel): void {
    // What is encrypted for others is noise to us.
    this.#media.setShut(model.policy.e2ee && this.#encryption === null);
    this.#media.follow(peerOf(model, this.#selfId));
    if (this.#selfId !== null) this.#encryption?.follow(this.#selfId, model.participants.keys());
    const self = model.participants.get(this.#selfId ?? "");
    if (this.#encryption !== null && !model.policy.e2ee && self?.permissions.moderate === true && !this.#hasSetPolicy) {
      this.#hasSetPolicy = true;
      void this.moderation.setPolicy({ e2ee: true }).catch(() => undefined);
    }
  }

  /** What an event means beyond the model. */
  #follow(event: RoomEvents["events"][number]): void {
    switch (event.type) {
      case "track_muted":
        // A moderator's mute: what we capture must follow what the room believes.
        if (event.by !== this.#selfId) this.#media.outgoing.followMute(event.track_id);
        break;
      case "track_unpublished":
        if (event.by !== null && event.participant_id === this.#selfId) void this.#media.outgoing.followStop(event.track_id);
        break;
      case "unmute_asked":
        this.#unmuteRequest = {
          source: event.source,
          by: this.#model?.participants.get(event.by)?.name ?? "",
        };
        break;
      case "peer_signalled":
        this.#media.handleSignal(event.participant_id, event.signal);
        break;
      case "notes_edited":
        this.notes.hear(event, event.participant_id === this.#selfId);
        break;
      case "reaction_sent":
        this.#reactions.add(event.participant_id, event.emoji);
        break;
      case "data_sent":
        if (event.topic !== KEY_TOPIC) this.data.sent(event, this.#selfId);
        else if (event.participant_id !== null) this.#encryption?.receive(event.participant_id, event.data);
        break;
    }
  }

  #handleClosing(closing: Closing): void {
    if (closing.retry) this.#session.resume();
    else this.#close({ code: closing.code, message: closing.message });
  }

  async #handleEnded(source: TrackSource): Promise<void> {
    try {
      if (source === "screen" || source === "screen_audio") await this.#media.outgoing.stopScreen();
      else await this.#media.outgoing.lost(source);
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

  #close(reason: CloseReason): void {
    this.#shut(reason);
    this.#session.close();
  }

  /** Ends everything but the session, which may have something to say yet. */
  #shut(reason: CloseReason): void {
    if (this.#status === "closed") return;
    clearInterval(this.#speakingTimer);
    window.removeEventListener("pagehide", this.#handlePageHide);
    this.#closeReason = reason;
    this.#wishes.close();
    this.#sound.close();
    this.#reactions.close();
    this.notes.close();
    this.#encryption?.close();
    this.#media.close();
    this.#local.stopAll();
    this.#speaking = new Set();
    this.#setStatus("closed");
  }

  #render(): void {
    const next = viewOf(
      this.#model,
      {
        status: this.#status,
        media: this.#media.status,
        path: this.#media.path,
        closeReason: this.#closeReason,
        audioBlocked: this.#audioBlocked,
        selfId: this.#selfId,
        mediaTracks: this.#media.tracks(),
        speaking: this.#speaking,
        activeSpeakers: this.#news.activeSpeakers,
        starved: this.#news.starved,
        unplayable: this.#news.unplayable,
        camerasShown: this.#news.camerasShown,
        sound: this.#news.sound,
        qualities: this.#news.qualities,
        reactions: this.#reactions.shown,
        lobbyMessage: this.#lobbyMessage,
        notes: this.notes.state,
        encryption: this.#encryption,
        unmuteRequest: this.#unmuteRequest,
      },
      this.#state,
    );
    this.#state = next;
    for (const listener of this.#listeners) listener();
  }
}
