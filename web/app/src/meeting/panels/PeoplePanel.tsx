import { SlidersHorizontal } from "lucide-react";
import { useState } from "react";
import type { ParticipantState } from "@parley/sdk";
import { meetingUrl } from "../../meetings/meeting-link.js";
import { useMessages } from "../../messages/catalogue.js";
import { Button } from "../../ui/Button.js";
import { CopyButton } from "../../ui/CopyButton.js";
import { ConfirmDialog } from "../../ui/Dialog.js";
import { useRoom } from "../meeting-room.js";
import { attempt } from "../room/attempt.js";
import { HostControls } from "./HostControls.js";
import { Lobby } from "./Lobby.js";
import styles from "./PeoplePanel.module.css";
import { PersonRow } from "./PersonRow.js";
import { raisedFirst } from "./raised-hands.js";
import { SidePanel } from "./SidePanel.js";

/** Who is there, and who wants to be. */
export function PeoplePanel({ onClose }: { readonly onClose: () => void }) {
  const messages = useMessages();
  const { people, meeting } = messages;
  const { room, state, meetingId } = useRoom();
  const [removing, setRemoving] = useState<ParticipantState | null>(null);
  const [isHosting, setHosting] = useState(false);
  const mayModerate = state.self?.permissions.moderate === true;
  const ordered = raisedFirst(state.participants);
  return (
    <SidePanel title={people.title} onClose={onClose}>
      <div className={styles.invite}>
        <CopyButton text={meetingUrl(meetingId)} label={meeting.copyLink} />
        {mayModerate && (
          <Button
            icon={<SlidersHorizontal aria-hidden />}
            onPress={() => {
              setHosting(true);
            }}
          >
            {messages.hosting.title}
          </Button>
        )}
      </div>
      {state.encryption?.code != null && (
        <p className={styles.code}>
          {messages.encryption.code} <strong>{state.encryption.code}</strong>
        </p>
      )}
      <Lobby />
      <h3 className={styles.heading}>{people.inMeeting(state.participants.length)}</h3>
      <ul className={styles.list} aria-label={people.title}>
        {ordered.map(({ participant, place }) => (
          <PersonRow key={participant.id} participant={participant} handPlace={place} onRemove={setRemoving} />
        ))}
      </ul>
      <HostControls
        isOpen={isHosting}
        onClose={() => {
          setHosting(false);
        }}
      />
      <ConfirmDialog
        title={people.removeTitle(removing?.name ?? "")}
        text={people.removeText}
        action={people.removeAction}
        isOpen={removing !== null}
        onClose={() => {
          setRemoving(null);
        }}
        onConfirm={() => {
          if (removing !== null) void attempt(messages, () => room.moderation.remove(removing.id));
        }}
      />
    </SidePanel>
  );
}
