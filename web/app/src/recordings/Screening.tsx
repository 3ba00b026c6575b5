import type { RecordingAddress, RecordingChapter, RecordingFile } from "@parley/sdk";
import { Play } from "lucide-react";
import { useState } from "react";
import { elapsed } from "../messages/time.js";
import { cx } from "../ui/class-names.js";
import { ChapterList } from "./ChapterList.js";
import { chapterAt } from "./chapters.js";
import { Player } from "./Player.js";
import styles from "./Screening.module.css";
import { useRecordingMessages } from "./useRecordingMessages.js";

interface ScreeningProps {
  readonly recordingId: string;
  readonly file: RecordingFile;
  readonly what: string;
  readonly poster: RecordingAddress | null;
  /** Whether it plays; otherwise there is its poster. */
  readonly isBegun: boolean;
  readonly onBegin: () => void;
  /** Null: it stays. */
  readonly onClose: (() => void) | null;
}

/** A file of a recording as it is looked at, with its chapters. */
export function Screening({ recordingId, file, what, poster, isBegun, onBegin, onClose }: ScreeningProps) {
  const { chapters } = file;
  const [wish, setWish] = useState<{ readonly ms: number } | null>(null);
  const [current, setCurrent] = useState(-1);
  const pick = ({ startMs }: RecordingChapter) => {
    setWish({ ms: startMs });
    onBegin();
  };
  return (
    <section className={styles.card} aria-label={what}>
      {isBegun ? (
        <Player
          recordingId={recordingId}
          file={file}
          what={what}
          poster={poster}
          wish={wish}
          onPlace={(ms) => {
            setCurrent(chapterAt(chapters, ms));
          }}
          onClose={onClose}
        />
      ) : (
        <Poster file={file} what={what} poster={poster} onPlay={onBegin} />
      )}
      {chapters.length > 1 && <ChapterList chapters={chapters} current={current} onPick={pick} />}
    </section>
  );
}

interface PosterProps {
  readonly file: RecordingFile;
  readonly what: string;
  readonly poster: RecordingAddress | null;
  readonly onPlay: () => void;
}

function Poster({ file, what, poster, onPlay }: PosterProps) {
  const texts = useRecordingMessages().files;
  const isSound = file.contentType.startsWith("audio/");
  const [isBroken, setBroken] = useState(false);
  return (
    <button type="button" className={cx(styles.poster, isSound && styles.sound)} onClick={onPlay}>
      <span className="visually-hidden">{texts.play(what)}</span>
      {poster !== null && !isBroken && (
        <img
          src={poster.url}
          alt=""
          onError={() => {
            setBroken(true);
          }}
        />
      )}
      <span className={styles.mark} aria-hidden>
        <Play />
      </span>
      {file.durationMs !== null && <span className={styles.length}>{elapsed(file.durationMs)}</span>}
    </button>
  );
}
