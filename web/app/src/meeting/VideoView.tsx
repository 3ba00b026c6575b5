import { useEffect, useRef, useState } from "react";
import { cx } from "../ui/class-names.js";
import styles from "./VideoView.module.css";

interface VideoViewProps {
  readonly track: MediaStreamTrack;
  readonly isMirrored?: boolean;
  /** `contain` shows all of the picture, `cover` fills the area. */
  readonly fit?: "cover" | "contain";
}

/** Plays one video track; invisible until its first frame is there. Sound is played elsewhere. */
export function VideoView({ track, isMirrored = false, fit = "cover" }: VideoViewProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    if (!(element.srcObject instanceof MediaStream)) {
      element.srcObject = new MediaStream([track]);
      // Rejected when the element goes before the first frame.
      element.play().catch(() => undefined);
      return;
    }
    show(track, element.srcObject);
  }, [track]);
  useEffect(() => {
    const element = video.current;
    return () => {
      if (element !== null) element.srcObject = null;
    };
  }, []);
  return (
    <video
      ref={video}
      className={cx(styles.video, styles[fit], isMirrored && styles.mirrored, isShown && styles.shown)}
      onLoadedData={() => {
        setShown(true);
      }}
      muted
      playsInline
      autoPlay
    />
  );
}

/** Has another track in the same stream: the last picture stays until the next one is there. */
function show(track: MediaStreamTrack, stream: MediaStream): void {
  const former = stream.getTracks();
  if (former.includes(track)) return;
  // A stream takes one track of a name, and what comes anew from another media node has the former one's.
  stream.addTrack(former.some(({ id }) => id === track.id) ? track.clone() : track);
  for (const other of former) stream.removeTrack(other);
}

/** One's own front camera is seen as in a mirror; what the back camera shows is not. */
export function isMirror(track: MediaStreamTrack | null): boolean {
  return track?.getSettings().facingMode !== "environment";
}
