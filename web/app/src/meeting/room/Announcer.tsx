import { INITIAL_STATE, type RoomState } from "@parley/sdk";
import { useEffect, useRef, useState } from "react";
import { useMessages } from "../../messages/catalogue.js";
import type { Messages } from "../../messages/en.js";
import { showToast } from "../../ui/toasts.js";
import { useRoom } from "../meeting-room.js";
import { isOn } from "../participant-tracks.js";

/** In a bigger meeting coming and going is said only to screen readers: a toast for each would be noise. */
const TOASTS_UP_TO = 8;

/** What has happened between two states, in sentences: first what is also worth a toast. */
export function happenings(
  before: RoomState,
  after: RoomState,
  messages: Messages,
  isChatOpen: boolean,
): { readonly shown: string[]; readonly spoken: string[] } {
  const shown: string[] = [];
  const spoken: string[] = [];
  if (after.status !== "connected") return { shown, spoken };
  const { recording, broadcast } = messages;
  // Who joins while it is recorded is told, too.
  if (after.recording !== null && before.recording?.id !== after.recording.id) shown.push(recording.started);
  if (after.broadcast !== null && before.broadcast?.id !== after.broadcast.id) shown.push(broadcast.started);
  if (before.status !== "connected") return { shown, spoken };
  if (after.recording === null && before.recording !== null) {
    shown.push(after.recordingEnd === "failed" ? recording.failed : recording.stopped);
  }
  if (after.broadcast === null && before.broadcast !== null) {
    shown.push(after.broadcastEnd === "failed" ? broadcast.failed : broadcast.stopped);
  }
  const known = new Map(before.participants.map((one) => [one.id, one]));
  const present = new Set(after.participants.map((one) => one.id));
  const joined = after.participants.filter((one) => !known.has(one.id) && !one.isSelf);
  const left = before.participants.filter((one) => !present.has(one.id) && !one.isSelf);
  if (joined.length > 1) shown.push(messages.notices.severalJoined(joined.length));
  else for (const one of joined) shown.push(messages.notices.joined(one.name));
  if (left.length > 1) shown.push(messages.notices.severalLeft(left.length));
  else for (const one of left) shown.push(messages.notices.left(one.name));
  for (const one of after.participants) {
    const earlier = known.get(one.id);
    if (earlier === undefined || one.isSelf) continue;
    if (isOn(one, "screen") && !isOn(earlier, "screen")) shown.push(messages.notices.startedSharing(one.name));
    if (one.handRaised !== null && earlier.handRaised === null) shown.push(messages.notices.handRaised(one.name));
  }
  const moved = before.self?.breakout !== after.self?.breakout;
  if (moved) {
    const here = after.breakouts?.rooms.find(({ id }) => id === after.self?.breakout);
    shown.push(here === undefined ? messages.breakouts.youAreBack : messages.breakouts.youAreIn(here.name));
  }
  const waited = new Set(before.lobby.map((guest) => guest.id));
  for (const guest of after.lobby) if (!waited.has(guest.id)) shown.push(messages.notices.knocks(guest.name));
  if (!isChatOpen && !moved) {
    // The open panel's list is a live region of its own.
    const heard = before.chat.at(-1)?.at ?? 0;
    for (const message of after.chat) {
      if (message.at > heard && !message.isOwn) spoken.push(messages.chat.announced(message.name, message.text));
    }
  }
  return { shown, spoken };
}

/** Says what happens in the room, politely. */
export function Announcer({ isChatOpen }: { readonly isChatOpen: boolean }) {
  const messages = useMessages();
  const { state } = useRoom();
  const before = useRef(INITIAL_STATE);
  const [text, setText] = useState("");
  useEffect(() => {
    const previous = before.current;
    before.current = state;
    if (previous === state) return;
    const { shown, spoken } = happenings(previous, state, messages, isChatOpen);
    const isSmall = state.participants.length <= TOASTS_UP_TO;
    if (isSmall) for (const title of shown) showToast({ tone: "info", title });
    const rest = isSmall ? spoken : [...shown, ...spoken];
    if (rest.length > 0) setText(rest.join(". "));
  }, [state, messages, isChatOpen]);
  return (
    <p aria-live="polite" className="visually-hidden">
      {text}
    </p>
  );
}
