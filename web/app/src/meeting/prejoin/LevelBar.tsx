import { LevelMeter } from "@parley/sdk";
import { useEffect, useRef, type CSSProperties } from "react";
import { useMessages } from "../../messages/catalogue.js";
import styles from "./LevelBar.module.css";

const SEGMENTS = [0, 1, 2, 3, 4] as const;

/** Speech lies between about -50 and -10 dB: that is what the bar spans. */
export function loudness(rms: number): number {
  if (rms <= 0) return 0;
  return Math.min(1, Math.max(0, (20 * Math.log10(rms) + 50) / 40));
}

/** A bar that follows the voice; drawn beside React, since it changes with every frame. */
export function LevelBar({ track }: { readonly track: MediaStreamTrack | null }) {
  const messages = useMessages();
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = bar.current;
    if (track === null || element === null) return undefined;
    const meter = new LevelMeter(track);
    let frame = 0;
    let shown = 0;
    const draw = () => {
      const level = loudness(meter.read());
      // Up at once, down slowly: syllables do not flicker.
      shown = Math.max(level, shown * 0.92);
      element.style.setProperty("--level", shown.toFixed(3));
      element.ariaValueNow = String(Math.round(shown * 100));
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => {
      cancelAnimationFrame(frame);
      meter.close();
      element.style.setProperty("--level", "0");
    };
  }, [track]);
  return (
    <div
      ref={bar}
      className={styles.bar}
      role="meter"
      aria-label={messages.prejoin.level}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={0}
      data-active={track !== null}
    >
      {SEGMENTS.map((segment) => (
        <span key={segment} style={{ "--segment": segment } as CSSProperties} />
      ))}
    </div>
  );
}
