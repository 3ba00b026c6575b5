import { useState } from "react";
import type { ParticipantState } from "@parley/sdk";
import { meetingUrl } from "../../meetings/meeting-link.js";
import { useMessages } from "../../messages/catalogue.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { ConfirmDialog } from "../../ui/Dialog.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import styles from "./PeoplePanel.module.css";
import { PersonRow } from "./PersonRow.js";
import { SidePanel } from "./SidePanel.js";

/** Who is there. */
export function PeoplePanel({ onClose }: { readonly onClose: () => void }) {
  const messages = useMessages();
  const { people, meeting } = messages;
  const { room, state, meetingId } = useRoom();
  const [removing, setRemoving] = useState<ParticipantState | null>(null);
  return (
    <SidePanel title={people.title} onClose={onClose}>
      <div className={styles.invite}>
        <CopyButton text={meetingUrl(meetingId)} label={meeting.copyLink} />
      </div>
      <h3 className={styles.heading}>{people.inMeeting(state.participants.length)}</h3>
      <ul className={styles.list} aria-label={people.title}>
        {state.participants.map((participant) => (
          <PersonRow key={participant.id} participant={participant} onRemove={setRemoving} />
        ))}
      </ul>
      <ConfirmDialog
        title={people.removeTitle(removing?.name ?? "")}
        text={people.removeText}
        action={people.removeAction}
        isOpen={removing !== null}
        onClose={() => {
          setRemoving(null);
        }}
        onConfirm={() => {
          if (removing !== null) void attempt(messages, () => room.removeParticipant(removing.id));
        }}
      />
    </SidePanel>
  );
}
