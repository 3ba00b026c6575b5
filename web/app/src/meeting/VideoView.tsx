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
  const [shown, setShown] = useState<MediaStreamTrack | null>(null);
  useEffect(() => {
    const element = video.current;
    if (element === null) return undefined;
    element.srcObject = new MediaStream([track]);
    // Rejected when the element goes before the first frame.
    element.play().catch(() => undefined);
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  return (
    <video
      ref={video}
      className={cx(styles.video, styles[fit], isMirrored && styles.mirrored, shown === track && styles.shown)}
      onLoadedData={() => {
        setShown(track);
      }}
      muted
      playsInline
      autoPlay
    />
  );
}

/** One's own front camera is seen as in a mirror; what the back camera shows is not. */
export function isMirror(track: MediaStreamTrack | null): boolean {
  return track?.getSettings().facingMode !== "environment";
}
