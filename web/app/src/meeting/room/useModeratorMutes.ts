import type { RoomState } from "@parley/sdk";
import { useEffect, useRef } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { showToast } from "../../ui/toasts.js";
import { rememberChoices } from "../device-choices.js";
import type { MeetingRoom } from "../meeting-room.js";
import { isOn } from "../participant-tracks.js";
import { attempt } from "./attempt.js";

export interface OwnToggles {
  readonly toggleMicrophone: () => void;
  readonly toggleCamera: () => void;
  readonly toggleScreen: () => void;
}

const SOURCES = ["microphone", "camera", "screen"] as const;
/** What goes off so soon after one's own doing was one's own doing, milliseconds. */
const OWN_DOING_MS = 4_000;

/** One's own switches. What goes off without them was a moderator, and that is told. */
export function useModeratorMutes(room: MeetingRoom, state: RoomState): OwnToggles {
  const messages = useMessages();
  const own = useRef({ microphone: 0, camera: 0, screen: 0 });
  const before = useRef<RoomState | null>(null);
  const { self } = state;

  useEffect(() => {
    const previous = before.current;
    before.current = state;
    if (previous?.status !== "connected" || state.status !== "connected") return;
    const texts = {
      microphone: messages.notices.mutedByModerator,
      camera: messages.notices.cameraOffByModerator,
      screen: messages.notices.screenOffByModerator,
    };
    for (const source of SOURCES) {
      const track = state.self?.tracks.find((candidate) => candidate.source === source);
      // A track that is gone, or has ended, is a device that was unplugged or a share that the browser's own bar has ended.
      if (!isOn(previous.self, source) || track?.muted !== true) continue;
      if (Date.now() - own.current[source] > OWN_DOING_MS) showToast({ tone: "info", title: texts[source] });
    }
  }, [state, messages]);

  const change = (source: (typeof SOURCES)[number], action: (isEnabled: boolean) => Promise<void>) => {
    const isEnabled = !isOn(self, source);
    own.current[source] = Date.now();
    if (source === "microphone") rememberChoices({ microphoneOn: isEnabled });
    if (source === "camera") rememberChoices({ cameraOn: isEnabled });
    void attempt(messages, () => action(isEnabled));
  };
  return {
    toggleMicrophone: () => {
      change("microphone", (isEnabled) => room.setMicrophone(isEnabled));
    },
    toggleCamera: () => {
      change("camera", (isEnabled) => room.setCamera(isEnabled));
    },
    toggleScreen: () => {
      change("screen", (isEnabled) => room.setScreenShare(isEnabled));
    },
  };
}
