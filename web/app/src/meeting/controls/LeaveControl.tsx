import { DoorOpen, PhoneOff, CircleStop } from "lucide-react";
import { useState } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { ConfirmDialog } from "../../ui/Dialog.js";
import { Menu, MenuItem } from "../../ui/Menu.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import { BarButton } from "./BarButton.js";

/** Out of the meeting; who may moderate can also end it. */
export function LeaveControl() {
  const messages = useMessages();
  const { room, state } = useRoom();
  const { meeting } = messages;
  const [isEnding, setEnding] = useState(false);
  const leave = () => void room.leave();
  if (state.self?.permissions.moderate !== true) {
    return (
      <BarButton label={meeting.leave} tone="danger" onPress={leave}>
        <PhoneOff aria-hidden />
      </BarButton>
    );
  }
  return (
    <div>
      <Menu
        label={meeting.leaveOptions}
        placement="top end"
        trigger={
          <BarButton label={meeting.leaveOptions} tone="danger">
            <PhoneOff aria-hidden />
          </BarButton>
        }
      >
        <MenuItem icon={<DoorOpen aria-hidden />} onAction={leave}>
          {meeting.leave}
        </MenuItem>
        <MenuItem
          isDangerous
          icon={<CircleStop aria-hidden />}
          onAction={() => {
            setEnding(true);
          }}
        >
          {meeting.endForEveryone}
        </MenuItem>
      </Menu>
      <ConfirmDialog
        title={meeting.endTitle}
        text={meeting.endText}
        action={meeting.endForEveryone}
        isOpen={isEnding}
        onClose={() => {
          setEnding(false);
        }}
        onConfirm={() => void attempt(messages, () => room.endForAll())}
      />
    </div>
  );
}
