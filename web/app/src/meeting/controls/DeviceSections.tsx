import { useState } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { ChoiceSection } from "../../ui/Menu.js";
import { rememberChoices, rememberedChoices } from "../device-choices.js";
import { useRoom } from "../meeting-room.js";
import { trackOf } from "../participant-tracks.js";
import { attempt } from "../room/attempt.js";
import { currentDevice, useDeviceList } from "../useDeviceList.js";

type Kind = "audioinput" | "videoinput" | "audiooutput";

const SOURCES = {
  audioinput: { list: "microphones", choice: "microphoneId", text: "microphone", source: "microphone" },
  videoinput: { list: "cameras", choice: "cameraId", text: "camera", source: "camera" },
  audiooutput: { list: "speakers", choice: "speakerId", text: "speaker", source: null },
} as const;

/** The devices to choose from, with a tick at the one in use. */
export function DeviceSections({ kinds }: { readonly kinds: readonly Kind[] }) {
  const messages = useMessages();
  const { room, state } = useRoom();
  const list = useDeviceList(state.status);
  const [choices, setChoices] = useState(rememberedChoices);
  return kinds.map((kind) => {
    const { list: listName, choice, text, source } = SOURCES[kind];
    const devices = list[listName];
    // Browsers that let no page choose the speaker name none either.
    if (kind === "audiooutput" && devices.length === 0) return null;
    const title = messages.devices[text];
    const track = source === null ? null : (trackOf(state.self, source)?.mediaTrack ?? null);
    return (
      <ChoiceSection
        key={kind}
        title={title}
        items={devices.map(({ id, label }, index) => ({
          id,
          label: label === "" ? messages.devices.unnamed(title, index + 1) : label,
        }))}
        selected={currentDevice(devices, track, choices[choice])}
        empty={messages.devices.none(title)}
        onSelect={(id) => {
          rememberChoices({ [choice]: id });
          setChoices(rememberedChoices());
          void attempt(messages, () => room.switchDevice(kind, id));
        }}
      />
    );
  });
}
