import type { EncryptionState, ParticipantState, QualityLevel, Reaction } from "@parley/sdk";
import { Crown, Hand, Lock, LockOpen, MicOff, MonitorUp, Pin, PinOff, TriangleAlert, WifiOff } from "lucide-react";
import { memo, type CSSProperties } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { Avatar } from "../../ui/Avatar.js";
import { cx } from "../../ui/class-names.js";
import { IconButton } from "../../ui/IconButton.js";
import { SignalIcon } from "../../ui/SignalIcon.js";
import type { Placement } from "../layout/arrange.js";
import { isOn } from "../participant-tracks.js";
import { isMirror, VideoView } from "../VideoView.js";
import styles from "./Tile.module.css";

interface TileProps extends Placement {
  readonly isPinned: boolean;
  readonly isPinnable: boolean;
  readonly onPin: (key: string | null) => void;
  readonly onConnection: (participantId: string) => void;
  readonly reactions: readonly Reaction[];
}

/** A person, or a shared screen. */
export const Tile = memo(function Tile(props: TileProps) {
  const { tile, rect, place, isPinned, isPinnable, onPin, onConnection, reactions } = props;
  const texts = useMessages().tile;
  const { participant, source, video } = tile;
  const isScreen = source === "screen";
  const isHidden = video?.hidden === true;
  const unplayable = video === null || video.muted || isHidden ? null : video.unplayable;
  const isStarved = video?.starved === true && !video.muted && !isHidden && unplayable === null;
  const isMissing = isStarved || unplayable !== null;
  const picture = video !== null && !video.muted && !isMissing && !isHidden ? video.mediaTrack : null;
  const isSpeaking = !isScreen && participant.speaking && participant.connected;
  const person = participant.isSelf ? texts.you(participant.name) : participant.name;
  const screen = participant.isSelf ? texts.ownScreen : texts.screenOf(participant.name);
  const name = isScreen ? screen : person;
  const missingScreen = unplayable === null ? texts.starvedScreen : texts.unplayableScreen[unplayable];
  const waitingText = isMissing ? missingScreen : texts.waiting;
  const smaller = Math.min(rect.width, rect.height);
  const style: CSSProperties = { width: rect.width, height: rect.height, left: rect.x, top: rect.y };
  return (
    <article
      aria-label={name}
      className={cx(styles.tile, styles[place], isScreen && styles.screen, isSpeaking && styles.speaking)}
      style={style}
      data-testid="tile"
      data-participant-id={participant.id}
      data-source={source}
      data-place={place}
      data-speaking={isSpeaking}
    >
      {isScreen ? (
        picture === null && <p className={styles.waiting}>{waitingText}</p>
      ) : (
        <span className={styles.avatar}>
          <Avatar name={participant.name} identity={participant.identity} size={Math.min(132, smaller * 0.42)} />
        </span>
      )}
      {picture !== null && (
        <VideoView
          track={picture}
          isMirrored={participant.isSelf && !isScreen && isMirror(picture)}
          fit={isScreen ? "contain" : "cover"}
        />
      )}
      {isMissing && !isScreen && participant.connected && (
        <p className={styles.starved}>
          <TriangleAlert aria-hidden />
          <span>{unplayable === null ? texts.starved : texts.unplayable}</span>
        </p>
      )}
      {!participant.connected && (
        <p className={styles.lost}>
          <WifiOff aria-hidden />
          {texts.reconnecting}
        </p>
      )}
      <span className={styles.ring} aria-hidden />
      {!isScreen && participant.handRaised !== null && (
        <span className={styles.hand}>
          <Hand role="img" aria-label={texts.handRaised} />
        </span>
      )}
      {reactions.map((reaction) => (
        <span key={reaction.key} className={styles.reaction} aria-hidden>
          {reaction.emoji}
        </span>
      ))}
      <Plate tile={tile} name={name} isSpeaking={isSpeaking} onConnection={onConnection} />
      {isPinnable && (
        <IconButton
          label={isPinned ? texts.unpin(name) : texts.pin(name)}
          className={cx(styles.pin, isPinned && styles.pinned)}
          onPress={() => {
            onPin(isPinned ? null : tile.key);
          }}
        >
          {isPinned ? <PinOff aria-hidden /> : <Pin aria-hidden />}
        </IconButton>
      )}
    </article>
  );
});

interface PlateProps {
  readonly tile: Placement["tile"];
  readonly name: string;
  readonly isSpeaking: boolean;
  readonly onConnection: (participantId: string) => void;
}

/** The name, and what is to be known of the person at a glance. */
function Plate({ tile, name, isSpeaking, onConnection }: PlateProps) {
  const texts = useMessages().tile;
  const { participant, source } = tile;
  const isMuted = source === "camera" && !isOn(participant, "microphone");
  return (
    <p className={styles.plate}>
      {source === "screen" && <MonitorUp aria-hidden />}
      {isMuted && <MicOff role="img" aria-label={texts.muted} className={styles.muted} />}
      {isSpeaking && <span className="visually-hidden">{texts.speaking}</span>}
      <span className={styles.name}>{name}</span>
      {participant.encryption !== null && <Encryption state={participant.encryption} />}
      {source === "camera" && (participant.role === "host" || participant.role === "cohost") && (
        <Crown role="img" aria-label={texts[participant.role]} className={styles.host} />
      )}
      {source === "camera" && participant.connectionQuality !== null && (
        <ConnectionButton participant={participant} level={participant.connectionQuality} onPress={onConnection} />
      )}
    </p>
  );
}

interface ConnectionButtonProps {
  readonly participant: ParticipantState;
  readonly level: QualityLevel;
  readonly onPress: (participantId: string) => void;
}

function ConnectionButton({ participant, level, onPress }: ConnectionButtonProps) {
  const texts = useMessages().connection;
  const says = texts.levels[level];
  return (
    <IconButton
      label={participant.isSelf ? texts.showOwn(says) : texts.showOf(participant.name, says)}
      className={styles.signal}
      onPress={() => {
        onPress(participant.id);
      }}
    >
      <SignalIcon level={level} />
    </IconButton>
  );
}

function Encryption({ state }: { readonly state: EncryptionState }) {
  const texts = useMessages().encryption;
  return state === "encrypted" ? (
    <Lock role="img" aria-label={texts.encrypted} className={styles.host} />
  ) : (
    <LockOpen role="img" aria-label={texts[state]} className={styles.muted} />
  );
}
