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
import { StreamKeysButton, StreamKeysDialog } from "./StreamKeys.js";
import { SidePanel } from "./SidePanel.js";

type Removable = Pick<ParticipantState, "id" | "name">;

/** Who is there, who watches, and who wants to be there. */
export function PeoplePanel({ onClose }: { readonly onClose: () => void }) {
  const messages = useMessages();
  const { people, meeting } = messages;
  const { room, state, meetingId } = useRoom();
  const [removing, setRemoving] = useState<Removable | null>(null);
  const [shown, setShown] = useState<"hosting" | "streamKeys" | null>(null);
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
              setShown("hosting");
            }}
          >
            {messages.hosting.title}
          </Button>
        )}
        <StreamKeysButton
          onPress={() => {
            setShown("streamKeys");
          }}
        />
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
      <Viewers onRemove={mayModerate ? setRemoving : null} />
      <HostControls
        isOpen={shown === "hosting"}
        onClose={() => {
          setShown(null);
        }}
      />
      <StreamKeysDialog
        isOpen={shown === "streamKeys"}
        onClose={() => {
          setShown(null);
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

/** Who watches with a player: seen by nobody otherwise, so everybody is told. */
function Viewers({ onRemove }: { readonly onRemove: ((viewer: Removable) => void) | null }) {
  const { people } = useMessages();
  const { viewers } = useRoom().state;
  if (viewers.length === 0) return null;
  const title = people.watching(viewers.length);
  return (
    <>
      <h3 className={styles.heading}>{title}</h3>
      <ul aria-label={title}>
        {viewers.map((viewer) => (
          <li key={viewer.id} className={styles.row}>
            <div className={styles.who}>
              <div className={styles.name}>{viewer.name}</div>
            </div>
            {onRemove !== null && (
              <Button
                aria-label={people.stopWatching(viewer.name)}
                onPress={() => {
                  onRemove(viewer);
                }}
              >
                {people.removeAction}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
