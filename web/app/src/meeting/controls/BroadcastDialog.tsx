import { useMessages } from "../../messages/catalogue.js";
import { Dialog } from "../../ui/Dialog.js";
import { useRoom } from "../meeting-room.js";
import { BroadcastForm } from "./BroadcastForm.js";
import { BroadcastStatus } from "./BroadcastStatus.js";

interface BroadcastDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Streaming the meeting out: what it is to be like before it begins, and how it does while it is on. */
export function BroadcastDialog({ isOpen, onClose }: BroadcastDialogProps) {
  const { broadcast: texts } = useMessages();
  const { broadcast } = useRoom().state;
  return (
    <Dialog title={broadcast === null ? texts.start : texts.manage} isOpen={isOpen} onClose={onClose}>
      {broadcast === null ? <BroadcastForm onClose={onClose} /> : <BroadcastStatus broadcast={broadcast} onClose={onClose} />}
    </Dialog>
  );
}
