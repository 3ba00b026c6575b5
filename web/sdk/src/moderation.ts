import type { IngressWish, Permissions, Role, RoomPolicy, TrackSource } from "./room-state.js";
import type { Commands } from "./wire.js";

export type Send = <Name extends keyof Commands>(
  name: Name,
  command: Commands[Name]["command"],
) => Promise<Commands[Name]["answer"]>;

/** A breakout room to be opened. */
export interface NewBreakout {
  readonly name: string;
  readonly participantIds?: readonly string[];
  /** People who are assigned whether they are there already or come while the rooms are open. */
  readonly identities?: readonly string[];
}

export interface BreakoutOptions {
  /** Whether participants may enter any of the rooms. */
  readonly freeChoice?: boolean;
  /** After how many seconds everybody is brought back; left out: by `closeBreakouts` alone. */
  readonly closeAfter?: number;
}

/** What those do who run the meeting. Each rejects with a `ParleyError` (`permission_denied` for everybody else). */
export class Moderation {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Lets somebody in from the lobby; without an id, all who wait. */
  async admit(participantId?: string): Promise<void> {
    await this.#send("admit", { participant_ids: participantId === undefined ? null : [participantId] });
  }

  async refuseEntry(participantId: string): Promise<void> {
    await this.#send("refuse_entry", { participant_id: participantId });
  }

  async sendLobbyMessage(text: string, participantId?: string): Promise<void> {
    await this.#send("send_lobby_message", { text, participant_id: participantId ?? null });
  }

  async muteTrack(trackId: string): Promise<void> {
    await this.#send("mute_track", { track_id: trackId });
  }

  /** Mutes all tracks of that source, save those of people who moderate. */
  async muteAll(source: TrackSource = "microphone"): Promise<void> {
    await this.#send("mute_all", { source });
  }

  async askToUnmute(participantId: string, source: TrackSource = "microphone"): Promise<void> {
    await this.#send("ask_to_unmute", { participant_id: participantId, source });
  }

  /** Ends somebody's camera or screen share. */
  async stopTrack(trackId: string): Promise<void> {
    await this.#send("stop_track", { track_id: trackId });
  }

  async lowerHand(participantId: string): Promise<void> {
    await this.#send("lower_hand", { participant_id: participantId });
  }

  async lowerAllHands(): Promise<void> {
    await this.#send("lower_all_hands", {});
  }

  async rename(participantId: string, name: string): Promise<void> {
    await this.#send("rename", { participant_id: participantId, name });
  }

  /** Takes somebody out; who is banned is refused from then on, until `unban`. */
  async remove(participantId: string, { ban = true }: { readonly ban?: boolean } = {}): Promise<void> {
    await this.#send("remove_participant", { participant_id: participantId, ban });
  }

  async unban(identity: string): Promise<void> {
    await this.#send("unban", { identity });
  }

  /** Changes the rules that are given; the others stay. */
  async setPolicy(policy: Partial<RoomPolicy>): Promise<void> {
    await this.#send("set_policy", policy);
  }

  async setRole(participantId: string, role: Extract<Role, "cohost" | "participant">): Promise<void> {
    await this.#send("set_role", { participant_id: participantId, role });
  }

  async setPermissions(participantId: string, permissions: Permissions): Promise<void> {
    await this.#send("set_permissions", { participant_id: participantId, permissions });
  }

  async setRolePermissions(role: Extract<Role, "participant" | "guest">, permissions: Permissions): Promise<void> {
    await this.#send("set_role_permissions", { role, permissions });
  }

  async setSpotlight(participantIds: readonly string[]): Promise<void> {
    await this.#send("set_spotlight", { participant_ids: participantIds });
  }

  /**
   * Asks everybody; the poll's id.
   *
   * @param preparedId The meeting's prepared poll that it is: while that is being asked, it is refused (`conflict`).
   */
  async createPoll(question: string, options: readonly string[], multiple = false, preparedId?: string): Promise<string> {
    const prepared = preparedId === undefined ? {} : { prepared_id: preparedId };
    return (await this.#send("create_poll", { question, options, multiple, ...prepared })).poll_id;
  }

  /** Opens breakout rooms, and moves those who are assigned to them; the rooms' ids. */
  async openBreakouts(rooms: readonly NewBreakout[], options: BreakoutOptions = {}): Promise<readonly string[]> {
    const answer = await this.#send("open_breakouts", {
      rooms: rooms.map(({ name, participantIds = [], identities = [] }) => ({
        name,
        participant_ids: participantIds,
        ...(identities.length > 0 && { identities }),
      })),
      free_choice: options.freeChoice ?? false,
      close_after_s: options.closeAfter ?? null,
    });
    return answer.breakout_ids;
  }

  /** Changes what is given: `closeAfter` counts from now. */
  async changeBreakouts(options: BreakoutOptions): Promise<void> {
    await this.#send("change_breakouts", {
      free_choice: options.freeChoice ?? null,
      close_after_s: options.closeAfter ?? null,
    });
  }

  async closeBreakouts(): Promise<void> {
    await this.#send("close_breakouts", {});
  }

  /** Puts people into a breakout room, or into the main room (null). */
  async moveToBreakout(participantIds: readonly string[], breakoutId: string | null): Promise<void> {
    await this.#send("move_to_breakout", { participant_ids: participantIds, breakout_id: breakoutId });
  }

  /**
   * Brings a stream in as a participant of its own: from an address, or by RTMP for whoever sends with the key, which nobody is shown
   * again. `state.ingresses` says how it does. Rejects with `ingress_unavailable` where nothing can be brought in.
   */
  async startIngress(wish: IngressWish): Promise<{ id: string; address: string | null; streamKey: string | null }> {
    const answer = await this.#send("start_ingress", {
      kind: wish.url === undefined ? "rtmp" : "url",
      name: wish.name,
      ...(wish.url !== undefined && { url: wish.url }),
      screen: wish.screen ?? false,
    });
    return { id: answer.ingress_id, address: answer.address, streamKey: answer.stream_key };
  }

  /** Its participant leaves. */
  async stopIngress(id: string): Promise<void> {
    await this.#send("stop_ingress", { ingress_id: id });
  }

  async closePoll(pollId: string): Promise<void> {
    await this.#send("close_poll", { poll_id: pollId });
  }
}
