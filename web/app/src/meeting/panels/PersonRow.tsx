import type { ParticipantState, TrackSource } from "@parley/sdk";
import { EllipsisVertical, Mic, MicOff, MonitorUp, MonitorX, UserX, Video, VideoOff } from "lucide-react";
import type { ReactNode } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { Avatar } from "../../ui/Avatar.js";
import { cx } from "../../ui/class-names.js";
import { IconButton } from "../../ui/IconButton.js";
import { Menu, MenuItem } from "../../ui/Menu.js";
import { useRoom } from "../meeting-room.js";
import { isOn, trackOf } from "../participant-tracks.js";
import { attempt } from "../room/attempt.js";
import styles from "./PeoplePanel.module.css";

interface PersonRowProps {
  readonly participant: ParticipantState;
  readonly onRemove: (participant: ParticipantState) => void;
}

export function PersonRow({ participant, onRemove }: PersonRowProps) {
  const { people, tile } = useMessages();
  const { state } = useRoom();
  const mayModerate = state.self?.permissions.moderate === true && !participant.isSelf;
  const hasMicrophone = isOn(participant, "microphone");
  const hasCamera = isOn(participant, "camera");
  const role = participant.role === "host" ? tile.host : participant.role === "guest" ? tile.guest : null;
  const detail = participant.connected ? role : tile.reconnecting;
  return (
    <li className={styles.row} data-participant-id={participant.id}>
      <Avatar name={participant.name} identity={participant.identity} size={36} />
      <div className={styles.who}>
        <p className={styles.name}>{participant.isSelf ? tile.you(participant.name) : participant.name}</p>
        {detail !== null && <p className={styles.detail}>{detail}</p>}
      </div>
      <span className={styles.icons}>
        {isOn(participant, "screen") && <MonitorUp role="img" aria-label={people.sharing} className={styles.on} />}
        {hasMicrophone ? (
          <Mic role="img" aria-label={people.microphoneOn} className={cx(participant.speaking && styles.speaking)} />
        ) : (
          <MicOff role="img" aria-label={people.microphoneOff} className={styles.off} />
        )}
        {hasCamera ? (
          <Video role="img" aria-label={people.cameraOn} />
        ) : (
          <VideoOff role="img" aria-label={people.cameraOff} className={styles.off} />
        )}
      </span>
      {mayModerate ? <ModerationMenu participant={participant} onRemove={onRemove} /> : <span className={styles.gap} />}
    </li>
  );
}

function ModerationMenu({ participant, onRemove }: PersonRowProps) {
  const messages = useMessages();
  const { people } = messages;
  const { room } = useRoom();
  const mute = (source: TrackSource, icon: ReactNode, text: string) => {
    const track = trackOf(participant, source);
    if (track === null || track.muted) return null;
    return (
      <MenuItem icon={icon} onAction={() => void attempt(messages, () => room.muteTrack(track.id))}>
        {text}
      </MenuItem>
    );
  };
  return (
    <Menu
      label={people.optionsFor(participant.name)}
      placement="bottom end"
      trigger={
        <IconButton label={people.optionsFor(participant.name)}>
          <EllipsisVertical aria-hidden />
        </IconButton>
      }
    >
      {mute("microphone", <MicOff aria-hidden />, people.mute)}
      {mute("camera", <VideoOff aria-hidden />, people.stopCamera)}
      {mute("screen", <MonitorX aria-hidden />, people.stopScreen)}
      <MenuItem
        isDangerous
        icon={<UserX aria-hidden />}
        onAction={() => {
          onRemove(participant);
        }}
      >
        {people.remove}
      </MenuItem>
    </Menu>
  );
}
