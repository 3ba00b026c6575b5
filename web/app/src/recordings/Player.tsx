import type { RecordingAddress, RecordingFile } from "@parley/sdk";
import { X } from "lucide-react";
import { useCallback, useEffect, useRef, useState, type RefObject, type SyntheticEvent } from "react";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { useSession } from "../session/session.js";
import { IconButton } from "../ui/IconButton.js";
import { Notice } from "../ui/Notice.js";
import { Spinner } from "../ui/Spinner.js";
import { ChaptersTrack } from "./ChaptersTrack.js";
import styles from "./Screening.module.css";
import { useRecordingMessages } from "./useRecordingMessages.js";

interface PlayerProps {
  readonly recordingId: string;
  readonly file: RecordingFile;
  readonly what: string;
  readonly poster: RecordingAddress | null;
  /** Where it is to go on; each is another wish, also to the same place. */
  readonly wish: { readonly ms: number } | null;
  /** Says where it is, in milliseconds, while it plays and when somebody looks for a place. */
  readonly onPlace: (ms: number) => void;
  /** Null: it stays. */
  readonly onClose: (() => void) | null;
}

/** Plays one file of a recording. An address that has run out is replaced by another one, at the same place of the file. */
export function Player({ recordingId, file, what, poster, wish, onPlace, onClose }: PlayerProps) {
  const texts = useRecordingMessages().files;
  const { api } = useSession();
  const loaded = useLoaded<RecordingAddress>(
    useCallback(() => api.recordings.address(recordingId, file.id), [api, recordingId, file.id]),
  );
  const [isUnplayable, setUnplayable] = useState(false);
  const place = useRef(0);
  const element = useRef<HTMLMediaElement>(null);
  // Whether the present address has worked: one that never has is not asked for again and again.
  const hasPlayed = useRef(false);
  const { value: address, reload } = loaded;
  useEffect(() => {
    if (wish === null) return;
    place.current = wish.ms / 1000;
    const media = element.current;
    if (media === null || media.readyState === HTMLMediaElement.HAVE_NOTHING) return;
    media.currentTime = place.current;
    media.play().catch(() => undefined); // where the browser does not let it, there is its button
  }, [wish]);
  const media = {
    src: address?.url,
    controls: true,
    autoPlay: true,
    "aria-label": texts.player(what),
    onTimeUpdate: ({ currentTarget }: SyntheticEvent<HTMLMediaElement>) => {
      // Another address begins with an empty element, which tells that it is at 0.
      if (currentTarget.readyState === HTMLMediaElement.HAVE_NOTHING) return;
      place.current = currentTarget.currentTime;
      onPlace(place.current * 1000);
    },
    children: file.chapters.length > 0 && <ChaptersTrack chapters={file.chapters} />,
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
  const hasPicture = file.contentType === "video/mp4" || file.source === "camera" || file.source === "screen";
  return (
    <section aria-label={texts.player(what)} className={styles.player}>
      {onClose !== null && (
        <div className={styles.head}>
          {what}
          <IconButton label={texts.close} onPress={onClose}>
            <X aria-hidden />
          </IconButton>
        </div>
      )}
      <LoadFailure of={loaded} />
      {address === null && loaded.error === null && <Spinner />}
      {isUnplayable && <Notice tone="warning" title={texts.cannotPlay} />}
      {address !== null && !isUnplayable && (hasPicture ? (
          <video ref={element as RefObject<HTMLVideoElement>} playsInline poster={poster?.url} {...media} />
        ) : (
          <audio ref={element} {...media} />
        ))}
    </section>
  );
}
