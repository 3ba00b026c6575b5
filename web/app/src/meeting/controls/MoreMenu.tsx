import { Cast, ChartBar, CircleDot, CircleStop, Ellipsis, Gauge, Hand, Keyboard, LayoutGrid, NotebookPen, Radio, ScanFace, SmilePlus } from "lucide-react";
import { useState } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { Menu, MenuItem } from "../../ui/Menu.js";
import { BarButton } from "./BarButton.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import type { PanelName } from "../room/RoomPage.js";
import { BroadcastDialog } from "./BroadcastDialog.js";
import { DeviceSections } from "./DeviceSections.js";
import { IngressDialog } from "./IngressDialog.js";
import { REACTIONS } from "./HandControls.js";
import { RecordDialog } from "./RecordDialog.js";

interface MoreMenuProps {
  readonly isSelfHidden: boolean;
  readonly onHideSelf: (isHidden: boolean) => void;
  readonly onHelp: () => void;
  readonly onPanel: (panel: PanelName) => void;
}

/** Screens that are only touched rarely have keys beside them. */
const hasKeyboard = window.matchMedia("(any-hover: hover)").matches;

/** What is needed less often. */
export function MoreMenu({ isSelfHidden, onHideSelf, onHelp, onPanel }: MoreMenuProps) {
  const messages = useMessages();
  const { meeting } = messages;
  const { room, state } = useRoom();
  const isRaised = state.self !== null && state.self.handRaised !== null;
  const [isOpen, setOpen] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const [isStreaming, setStreaming] = useState(false);
  const [savesData, setSavesData] = useState(false);
  const [isBringingIn, setBringingIn] = useState(false);
  const isNarrow = isOpen && window.matchMedia("(width < 760px)").matches;
  /** All sound as one stream, and of the cameras that of who speaks. */
  async function saveData(saves: boolean): Promise<void> {
    await room.setSound(saves ? "mixed" : "separate");
    room.limitCameras(saves ? 1 : null);
    setSavesData(saves);
  }
  return (
    <>
      <Menu label={meeting.more} onOpenChange={setOpen} trigger={<BarButton label={meeting.more}><Ellipsis aria-hidden /></BarButton>}>
        {isNarrow && (
          <>
            <MenuItem
              icon={<Hand aria-hidden />}
              onAction={() => void attempt(messages, () => room.setHand(!isRaised))}
            >
              {isRaised ? messages.hands.lower : messages.hands.raise}
            </MenuItem>
            {REACTIONS.slice(0, 3).map((emoji) => (
              <MenuItem
                key={emoji}
                icon={<SmilePlus aria-hidden />}
                onAction={() => void attempt(messages, () => room.react(emoji))}
              >
                {messages.reactions.react(emoji)}
              </MenuItem>
            ))}
          </>
        )}
        <MenuItem
          icon={<ChartBar aria-hidden />}
          onAction={() => {
            onPanel("polls");
          }}
        >
          {messages.polls.title}
        </MenuItem>
        <MenuItem
          icon={<NotebookPen aria-hidden />}
          onAction={() => {
            onPanel("notes");
          }}
        >
          {messages.notes.title}
        </MenuItem>
        {(state.breakouts !== null || state.self?.permissions.moderate === true) && (
          <MenuItem
            icon={<LayoutGrid aria-hidden />}
            onAction={() => {
              onPanel("breakouts");
            }}
          >
            {messages.breakouts.title}
          </MenuItem>
        )}
        {state.self?.permissions.record === true && (
          <MenuItem
            icon={state.recording === null ? <CircleDot aria-hidden /> : <CircleStop aria-hidden />}
            onAction={() => {
              if (state.recording === null) setAsking(true);
              else void attempt(messages, () => room.stopRecording());
            }}
          >
            {state.recording === null ? messages.recording.start : messages.recording.stop}
          </MenuItem>
        )}
        {state.self?.permissions.moderate === true && (
          <MenuItem
            icon={<Radio aria-hidden />}
            onAction={() => {
              setStreaming(true);
            }}
          >
            {state.broadcast === null ? messages.broadcast.start : messages.broadcast.manage}
          </MenuItem>
        )}
        {state.self?.permissions.moderate === true && (
          <MenuItem
            icon={<Cast aria-hidden />}
            onAction={() => {
              setBringingIn(true);
            }}
          >
            {messages.ingress.title}
          </MenuItem>
        )}
        <MenuItem
          icon={<ScanFace aria-hidden />}
          onAction={() => {
            onHideSelf(!isSelfHidden);
          }}
        >
          {isSelfHidden ? meeting.showSelf : meeting.hideSelf}
        </MenuItem>
        {(state.path === "node" || savesData) && state.encryption === null && (
          <MenuItem icon={<Gauge aria-hidden />} onAction={() => void attempt(messages, () => saveData(!savesData))}>
            {savesData ? meeting.stopSavingData : meeting.saveData}
          </MenuItem>
        )}
        {hasKeyboard && (
          <MenuItem icon={<Keyboard aria-hidden />} onAction={onHelp}>
            {meeting.shortcuts}
          </MenuItem>
        )}
        {isOpen && <DeviceSections kinds={["audioinput", "videoinput", "audiooutput"]} />}
      </Menu>
      <RecordDialog
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
        }}
      />
      <BroadcastDialog
        isOpen={isStreaming}
        onClose={() => {
          setStreaming(false);
        }}
      />
      <IngressDialog
        isOpen={isBringingIn}
        onClose={() => {
          setBringingIn(false);
        }}
      />
    </>
  );
}
