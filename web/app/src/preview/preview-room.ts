import { INITIAL_STATE, Moderation, SharedNotes, type BroadcastState, type ChatMessage, type ParticipantState, type PollState, type RoomPolicy, type RoomState, type RoomStats, type TrackState } from "@parley/sdk";
import type { MeetingRoom } from "../meeting/meeting-room.js";
import { person, track } from "../meeting/layout/people-fixture.js";
import { facePicture, screenPicture } from "./pictures.js";

const NAMES = [
  "Maya Okafor",
  "Jonas Lindqvist",
  "Priya Raman",
  "Tomás Herrera",
  "Anneliese Weber",
  "Kwame Mensah",
  "Sofia Rossi",
  "Daniel Cho",
  "Leila Haddad",
  "Oskar Nowak",
  "Ines Carvalho",
  "Ravi Shankar Patel",
  "Emma de Vries",
  "Mateo Silva",
  "Hana Suzuki",
  "Noah Fischer",
] as const;

const LIVE: BroadcastState = {
  id: "b",
  startedAt: Date.now(),
  by: "p0",
  watchKey: "n3Xk0bZ1Vt9mQe7hLp2sAg",
  targets: [
    { id: "t1", host: "a.rtmp.youtube.com", state: "live", reason: null },
    { id: "t2", host: "live.twitch.tv", state: "connecting", reason: "absent" },
    { id: "t3", host: "stream.example.org", state: "failed", reason: "refused" },
  ],
};

const POLL: PollState = {
  id: "q",
  question: "When do we release?",
  options: [
    { text: "This week", votes: 5, isMine: true },
    { text: "Next week", votes: 2, isMine: false },
    { text: "After the holidays", votes: 1, isMine: false },
  ],
  multiple: false,
  voters: 8,
  preparedId: null,
  closed: false,
  hasVoted: true,
};

/** A room without a meeting: it holds what the query asks for, and does what is pressed as far as one person can. */
export class PreviewRoom implements MeetingRoom {
  state: RoomState;
  readonly #listeners = new Set<() => void>();

  constructor(query: URLSearchParams) {
    const count = Number(query.get("n") ?? 3);
    const screens = Number(query.get("screen") ?? 0);
    const participants = Array.from({ length: count }, (_, index) => this.#person(index, count, screens, query));
    this.state = {
      ...INITIAL_STATE,
      status: (query.get("state") ?? "connected") as RoomState["status"],
      media: query.has("interrupted") ? "interrupted" : "connected",
      meetingId: "abc-defg-hjk",
      startedAt: Date.now() - 754_000,
      participants,
      nearby: participants.filter(({ breakout }) => breakout === (participants.at(-1)?.breakout ?? null)),
      self: participants.find(({ isSelf }) => isSelf) ?? null,
      chat: query.has("chat") ? conversation(participants) : [],
      audioBlocked: query.has("blocked"),
      lobby: query.has("lobby")
        ? [
            { id: "g1", name: "Gustav Ahlgren", since: 1 },
            { id: "g2", name: "Mina Rahimi", since: 2 },
          ]
        : [],
      polls: query.has("poll") ? [POLL] : [],
      breakouts: query.has("breakouts")
        ? { rooms: [{ id: "b1", name: "Room 1" }, { id: "b2", name: "Room 2" }], freeChoice: true, endsAt: Date.now() + 300_000 }
        : null,
      recording: query.has("recording") ? { id: "r", startedAt: Date.now(), by: "p0", kind: "composite" } : null,
      broadcast: query.has("live") ? LIVE : null,
      unmuteRequest: query.has("asked") ? { source: "microphone", by: "Maya Okafor" } : null,
      closeReason: query.has("reason") ? { code: query.get("reason") ?? "", message: "" } : null,
    };
  }

  readonly notes = new SharedNotes({
    send: () => Promise.resolve({}),
    onChange: () => {
      this.#set({ notes: this.notes.state });
    },
  });

  #person(index: number, count: number, screens: number, query: URLSearchParams): ParticipantState {
    const id = `p${index}`;
    const isSelf = index === count - 1;
    const hasCamera = query.get("camera") !== "off" && index % 5 !== 3;
    const tracks: TrackState[] = [
      track(id, "microphone", { muted: index % 3 === 2 || (isSelf && query.has("muted")), isLocal: isSelf }),
      track(id, "camera", {
        muted: !hasCamera || (isSelf && query.has("muted")),
        hidden: !isSelf && query.has("hidden") && index % 2 === 0,
        starved: !isSelf && query.has("starved") && index % 2 === 1,
        unplayable: !isSelf && query.has("unplayable") && index % 2 === 1 ? "no_transcoder" : null,
        isLocal: isSelf,
        mediaTrack: hasCamera ? facePicture(index) : null,
      }),
    ];
    if (index < screens || (isSelf && query.has("sharing"))) {
      tracks.push(track(id, "screen", { isLocal: isSelf, mediaTrack: screenPicture() }));
    }
    const isHost = isSelf ? query.has("host") : index === 0 && !query.has("host");
    return person(id, {
      name: NAMES[index % NAMES.length] ?? id,
      isSelf,
      role: isHost ? "host" : index % 4 === 2 ? "guest" : "participant",
      connected: !(query.has("lost") && index === 1),
      permissions: { publish: ["audio", "video", "screen"], subscribe: true, chat: true, moderate: isHost, record: isHost, notes: true },
      connectionQuality: query.has("weak") ? (["poor", "excellent", "lost", "good"] as const)[index % 4] ?? null : "excellent",
      handRaised: query.has("hands") && index % 2 === 1 ? index : null,
      breakout: query.has("breakouts") && index % 3 < 2 && !isHost ? `b${(index % 3) + 1}` : null,
      speaking: index === (query.has("quiet") ? -1 : 1 % count) && !isSelf,
      tracks,
    });
  }

  start(): () => void {
    return () => undefined;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #set(change: Partial<RoomState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.#listeners) listener();
  }

  #setMuted(ids: (track: TrackState) => boolean, muted: boolean): void {
    const participants = this.state.participants.map((participant) => ({
      ...participant,
      tracks: participant.tracks.map((one) => (ids(one) ? { ...one, muted } : one)),
    }));
    this.#set({ participants, nearby: participants, self: participants.find(({ isSelf }) => isSelf) ?? null });
  }

  leave = (): Promise<void> => this.#close("left");
  endForAll = (): Promise<void> => this.#close("meeting_ended");

  #close(code: string): Promise<void> {
    this.#set({ status: "closed", closeReason: { code, message: "" } });
    return Promise.resolve();
  }

  setMicrophone = (enabled: boolean): Promise<void> => this.#setOwn("microphone", enabled);
  setCamera = (enabled: boolean): Promise<void> => this.#setOwn("camera", enabled);
  setScreenShare = (enabled: boolean): Promise<void> => this.#setOwn("screen", enabled);

  #setOwn(source: TrackState["source"], enabled: boolean): Promise<void> {
    this.#setMuted((one) => one.isLocal && one.source === source, !enabled);
    return Promise.resolve();
  }

  switchDevice = (): Promise<void> => Promise.resolve();
  setSubscriptions = (): void => undefined;
  limitCameras = (): void => undefined;
  setSound = (form: RoomState["sound"]["form"]): Promise<void> => {
    this.#set({ sound: { form, reason: null } });
    return Promise.resolve();
  };
  getStats = (): Promise<RoomStats> => Promise.resolve({ tracks: [], roundTrip: { publishing: 0.03, subscribing: 0.03, direct: null } });
  startAudio = (): Promise<void> => {
    this.#set({ audioBlocked: false });
    return Promise.resolve();
  };

  readonly moderation = new Moderation((name, command) => {
    if ("track_id" in command) this.#setMuted((one) => one.id === command.track_id, true);
    if (name === "remove_participant" && "participant_id" in command) {
      this.#set({ participants: this.state.participants.filter(({ id }) => id !== command.participant_id) });
    }
    if (name === "set_policy") this.#set({ policy: { ...this.state.policy, ...(command as Partial<RoomPolicy>) } });
    if (name === "admit" || name === "refuse_entry") this.#set({ lobby: [] });
    return Promise.resolve({ poll_id: "q", breakout_ids: [], message_id: "m", recording_id: "r", sdp: "", tracks: [] });
  });

  setHand = (raised: boolean): Promise<void> => this.#changeSelf({ handRaised: raised ? Date.now() : null });
  rename = (name: string): Promise<void> => this.#changeSelf({ name });

  #changeSelf(change: Partial<ParticipantState>): Promise<void> {
    const participants = this.state.participants.map((one) => (one.isSelf ? { ...one, ...change } : one));
    this.#set({ participants, self: participants.find(({ isSelf }) => isSelf) ?? null });
    return Promise.resolve();
  }

  react = (emoji: string): Promise<void> => {
    this.#set({ reactions: [{ key: Date.now(), participantId: this.state.self?.id ?? "", emoji }] });
    return Promise.resolve();
  };

  startRecording = (): Promise<void> => {
    this.#set({ recording: { id: "r", startedAt: Date.now(), by: this.state.self?.id ?? "", kind: "composite" }, recordingEnd: null });
    return Promise.resolve();
  };
  stopRecording = (): Promise<void> => {
    this.#set({ recording: null, recordingEnd: "asked" });
    return Promise.resolve();
  };

  startBroadcast = (): Promise<string> => {
    this.#set({ broadcast: LIVE, broadcastEnd: null });
    return Promise.resolve("w");
  };
  stopBroadcast = (): Promise<void> => {
    this.#set({ broadcast: null, broadcastEnd: "asked" });
    return Promise.resolve();
  };

  vote = (): Promise<void> => Promise.resolve();
  enterBreakout = (breakout: string | null): Promise<void> => this.#changeSelf({ breakout });
  answerUnmuteRequest = (): Promise<void> => {
    this.#set({ unmuteRequest: null });
    return Promise.resolve();
  };

  editChat = (messageId: string, text: string): Promise<void> => {
    const chat = this.state.chat.map((one) => (one.id === messageId ? { ...one, text, editedAt: Date.now() } : one));
    this.#set({ chat });
    return Promise.resolve();
  };

  removeChat = (messageId: string): Promise<void> => {
    this.#set({ chat: this.state.chat.filter(({ id }) => id !== messageId) });
    return Promise.resolve();
  };

  sendChat = (text: string, to: string | null = null): Promise<void> => {
    const { self, chat } = this.state;
    if (self === null) return Promise.resolve();
    const message: ChatMessage = {
      id: String(chat.length),
      participantId: self.id,
      name: self.name,
      text,
      at: Date.now(),
      isOwn: true,
      to,
      toName: this.state.participants.find(({ id }) => id === to)?.name ?? null,
      editedAt: null,
      breakout: null,
    };
    this.#set({ chat: [...chat, message] });
    return Promise.resolve();
  };
}

function conversation(participants: readonly ParticipantState[]): ChatMessage[] {
  const lines: readonly (readonly [number, string])[] = [
    [0, "Good morning! The agenda is at https://wiki.example.org/weekly?week=47."],
    [1, "Thanks. Can we take the release first?"],
    [1, "I have to leave ten minutes early."],
    [-1, "Sure, the notes are ready."],
    [2, "I will share my screen for that part.\nTwo minutes."],
  ];
  return lines.map(([who, text], index) => {
    const author = participants.at(who) ?? participants[0];
    return {
      id: `m${index}`,
      participantId: author?.id ?? "",
      name: author?.name ?? "",
      text,
      at: Date.now() - (lines.length - index) * 70_000,
      isOwn: author?.isSelf ?? false,
      to: index === 2 ? "hosts" : null,
      toName: null,
      editedAt: index === 0 ? Date.now() : null,
      breakout: null,
    };
  });
}
