import type { RecordingAddress, RecordingFile } from "@parley/sdk";
import { X } from "lucide-react";
import { useCallback, useRef, useState, type SyntheticEvent } from "react";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { useSession } from "../session/session.js";
import { IconButton } from "../ui/IconButton.js";
import { Notice } from "../ui/Notice.js";
import { Spinner } from "../ui/Spinner.js";
import styles from "./Recordings.module.css";
import { useRecordingMessages } from "./useRecordingMessages.js";

interface PlayerProps {
  readonly recordingId: string;
  readonly file: RecordingFile;
  readonly what: string;
  readonly onClose: () => void;
}

/** Plays one file of a recording. An address that has run out is replaced by another one, at the same place of the file. */
export function Player({ recordingId, file, what, onClose }: PlayerProps) {
  const texts = useRecordingMessages().files;
  const { api } = useSession();
  const loaded = useLoaded<RecordingAddress>(
    useCallback(() => api.recordings.address(recordingId, file.id), [api, recordingId, file.id]),
  );
  const [isUnplayable, setUnplayable] = useState(false);
  const place = useRef(0);
  // Whether the present address has worked: one that never has is not asked for again and again.
  const hasPlayed = useRef(false);
  const { value: address, reload } = loaded;
  const media = {
    src: address?.url,
    controls: true,
    autoPlay: true,
    "aria-label": texts.player(what),
    onTimeUpdate: ({ currentTarget }: SyntheticEvent<HTMLMediaElement>) => {
      // Another address begins with an empty element, which tells that it is at 0.
      if (currentTarget.readyState > HTMLMediaElement.HAVE_NOTHING) place.current = currentTarget.currentTime;
    },
    onLoadedMetadata: ({ currentTarget }: SyntheticEvent<HTMLMediaElement>) => {
      hasPlayed.current = true;
      if (place.current > 0) currentTarget.currentTime = place.current;
    },
    onError: () => {
      if (hasPlayed.current && address !== null && Date.parse(address.expiresAt) <= Date.now()) {
        hasPlayed.current = false;
        reload();
      } else setUnplayable(true);
    },
  };
  const hasPicture = file.source === "camera" || file.source === "screen";
  return (
    <section aria-label={texts.player(what)} className={styles.player}>
      <div className={styles.playerHead}>
        {what}
        <IconButton label={texts.close} onPress={onClose}>
          <X aria-hidden />
        </IconButton>
      </div>
      <LoadFailure of={loaded} />
      {address === null && loaded.error === null && <Spinner />}
      {isUnplayable && <Notice tone="warning" title={texts.cannotPlay} />}
      {address !== null && !isUnplayable && (hasPicture ? <video playsInline {...media} /> : <audio {...media} />)}
    </section>
  );
}
