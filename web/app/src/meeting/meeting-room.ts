import type { Room } from "@parley/sdk";
import { createContext, use, useSyncExternalStore } from "react";
import type { RoomState } from "@parley/sdk";

/** What the meeting page needs of a room. */
export type MeetingRoom = Pick<
  Room,
  | "state"
  | "subscribe"
  | "leave"
  | "endForAll"
  | "setMicrophone"
  | "setCamera"
  | "setScreenShare"
  | "switchDevice"
  | "sendChat"
  | "editChat"
  | "removeChat"
  | "setHand"
  | "react"
  | "rename"
  | "vote"
  | "enterBreakout"
  | "startRecording"
  | "stopRecording"
  | "startBroadcast"
  | "stopBroadcast"
  | "answerUnmuteRequest"
  | "moderation"
  | "notes"
  | "setSubscriptions"
  | "limitCameras"
  | "setSound"
  | "startAudio"
  | "getStats"
>;

/** The room's newest state. */
export function useRoomState(room: MeetingRoom): RoomState {
  return useSyncExternalStore(
    (listener) => room.subscribe(listener),
    () => room.state,
  );
}

export interface RoomContextValue {
  readonly room: MeetingRoom;
  readonly state: RoomState;
  readonly title: string;
  readonly meetingId: string;
}

export const RoomContext = createContext<RoomContextValue | null>(null);

export function useRoom(): RoomContextValue {
  const value = use(RoomContext);
  if (value === null) throw new Error("No RoomContext above");
  return value;
}
