import type { ParticipantState, TrackSource } from "@parley/sdk";
import {
  Crown,
  EllipsisVertical,
  Hand,
  Mic,
  MicOff,
  MonitorUp,
  MonitorX,
  Pencil,
  PencilOff,
  RadioTower,
  Star,
  UserX,
  Video,
  VideoOff,
} from "lucide-react";
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
  readonly handPlace: number | null;
  readonly onRemove: (participant: ParticipantState) => void;
}

export function PersonRow({ participant, handPlace, onRemove }: PersonRowProps) {
  const { people, tile, hands } = useMessages();
  const { state } = useRoom();
  const mayModerate = state.self?.permissions.moderate === true && !participant.isSelf;
  const hasMicrophone = isOn(participant, "microphone");
  const hasCamera = isOn(participant, "camera");
  const role = participant.role === "participant" ? null : tile[participant.role];
  const place = state.breakouts?.rooms.find(({ id }) => id === participant.breakout)?.name;
  const isStream = participant.kind === "stream";
  const standing = [isStream ? people.streaming : role, place].filter((part) => part != null).join(" · ");
  const detail = participant.connected ? standing : tile.reconnecting;
  return (
    <li className={styles.row} data-participant-id={participant.id}>
      <Avatar name={participant.name} identity={participant.identity} size={36} />
      <div className={styles.who}>
        <p className={styles.name}>{participant.isSelf ? tile.you(participant.name) : participant.name}</p>
        {detail !== "" && (
          <p className={styles.detail}>
            {isStream && participant.connected && <RadioTower aria-hidden className={styles.mark} />}
            {detail}
          </p>
        )}
      </div>
      <span className={styles.icons}>
        {handPlace !== null && (
          <span className={styles.hand}>
            <Hand role="img" aria-label={hands.raised(handPlace)} />
            <span aria-hidden>{handPlace}</span>
          </span>
        )}
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

function ModerationMenu({ participant, onRemove }: Omit<PersonRowProps, "handPlace">) {
  const messages = useMessages();
  const { people, hosting } = messages;
  const { room, state } = useRoom();
  const { moderation } = room;
  const isSpotlit = state.spotlight.includes(participant.id);
  const act = (action: () => Promise<void>) => {
    void attempt(messages, action);
  };
  const end = (source: TrackSource, icon: ReactNode, text: string) => {
    const track = trackOf(participant, source);
    if (track === null || track.muted) return null;
    return (
      <MenuItem
        icon={icon}
        onAction={() => {
          act(() => moderation.muteTrack(track.id));
        }}
      >
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
      {end("microphone", <MicOff aria-hidden />, people.mute)}
      {!isOn(participant, "microphone") && (
        <MenuItem
          icon={<Mic aria-hidden />}
          onAction={() => {
            act(() => moderation.askToUnmute(participant.id));
          }}
        >
          {hosting.askToUnmute}
        </MenuItem>
      )}
      {end("camera", <VideoOff aria-hidden />, people.stopCamera)}
      {end("screen", <MonitorX aria-hidden />, people.stopScreen)}
      {participant.handRaised !== null && (
        <MenuItem
          icon={<Hand aria-hidden />}
          onAction={() => {
            act(() => moderation.lowerHand(participant.id));
          }}
        >
          {hosting.lowerHand}
        </MenuItem>
      )}
      <MenuItem
        icon={<Star aria-hidden />}
        onAction={() => {
          act(() => moderation.setSpotlight(isSpotlit ? [] : [participant.id]));
        }}
      >
        {isSpotlit ? hosting.endSpotlight : hosting.spotlight}
      </MenuItem>
      {participant.role !== "host" && participant.kind === "person" && (
        <MenuItem
          icon={<Crown aria-hidden />}
          onAction={() => {
            act(() => moderation.setRole(participant.id, participant.role === "cohost" ? "participant" : "cohost"));
          }}
        >
          {participant.role === "cohost" ? hosting.endCohost : hosting.makeCohost}
        </MenuItem>
      )}
      {!participant.permissions.moderate && participant.kind === "person" && (
        <MenuItem
          icon={participant.permissions.notes ? <PencilOff aria-hidden /> : <Pencil aria-hidden />}
          onAction={() => {
            const { permissions } = participant;
            act(() => moderation.setPermissions(participant.id, { ...permissions, notes: !permissions.notes }));
          }}
        >
          {participant.permissions.notes ? hosting.takeNotes : hosting.allowNotes}
        </MenuItem>
      )}
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
