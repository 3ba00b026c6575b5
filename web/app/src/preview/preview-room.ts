import { INITIAL_STATE, type ChatMessage, type ParticipantState, type RoomState, type TrackState } from "@parley/sdk";
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
      self: participants.find(({ isSelf }) => isSelf) ?? null,
      chat: query.has("chat") ? conversation(participants) : [],
      audioBlocked: query.has("blocked"),
      closeReason: query.has("reason") ? { code: query.get("reason") ?? "", message: "" } : null,
    };
  }

  #person(index: number, count: number, screens: number, query: URLSearchParams): ParticipantState {
    const id = `p${index}`;
    const isSelf = index === count - 1;
    const hasCamera = query.get("camera") !== "off" && index % 5 !== 3;
    const tracks: TrackState[] = [
      track(id, "microphone", { muted: index % 3 === 2 || (isSelf && query.has("muted")), isLocal: isSelf }),
      track(id, "camera", {
        muted: !hasCamera || (isSelf && query.has("muted")),
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
      permissions: { publish: ["audio", "video", "screen"], subscribe: true, chat: true, moderate: isHost, record: isHost },
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
    this.#set({ participants, self: participants.find(({ isSelf }) => isSelf) ?? null });
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
  startAudio = (): Promise<void> => {
    this.#set({ audioBlocked: false });
    return Promise.resolve();
  };

  muteTrack = (trackId: string): Promise<void> => {
    this.#setMuted((one) => one.id === trackId, true);
    return Promise.resolve();
  };

  removeParticipant = (participantId: string): Promise<void> => {
    this.#set({ participants: this.state.participants.filter(({ id }) => id !== participantId) });
    return Promise.resolve();
  };

  sendChat = (text: string): Promise<void> => {
    const { self, chat } = this.state;
    if (self === null) return Promise.resolve();
    const message: ChatMessage = {
      id: String(chat.length),
      participantId: self.id,
      name: self.name,
      text,
      at: Date.now(),
      isOwn: true,
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
    };
  });
}
