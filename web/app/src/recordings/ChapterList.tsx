import type { RecordingChapter } from "@parley/sdk";
import { MicOff } from "lucide-react";
import { useEffect, useRef } from "react";
import { elapsed } from "../messages/time.js";
import { Avatar } from "../ui/Avatar.js";
import { cx } from "../ui/class-names.js";
import styles from "./Chapters.module.css";
import { useChapterTitle } from "./chapters.js";
import { useRecordingMessages } from "./useRecordingMessages.js";

interface ChapterListProps {
  readonly chapters: readonly RecordingChapter[];
  /** The place in the list of the one that plays; -1: none does. */
  readonly current: number;
  readonly onPick: (chapter: RecordingChapter) => void;
}

/** Who speaks from when on, with the way there. */
export function ChapterList({ chapters, current, onPick }: ChapterListProps) {
  const texts = useRecordingMessages().chapters;
  const titleOf = useChapterTitle();
  const widest = Math.max(...chapters.map(({ startMs }) => elapsed(startMs).length));
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    // Within the list alone: the page stays where its reader is.
    const row = list.current?.children[current];
    if (!(row instanceof HTMLElement) || list.current === null) return;
    const { scrollTop, clientHeight } = list.current;
    const isSeen = row.offsetTop >= scrollTop && row.offsetTop + row.offsetHeight <= scrollTop + clientHeight;
    if (!isSeen) list.current.scrollTop = row.offsetTop - clientHeight / 3;
  }, [current]);
  return (
    <div className={styles.chapters}>
      <h2 className={styles.heading}>{texts.title}</h2>
      <ol className={styles.list} aria-label={texts.title} ref={list}>
        {chapters.map((chapter, at) => (
          <li key={chapter.startMs}>
            <button
              type="button"
              className={cx(styles.chapter, at === current && styles.current)}
              aria-current={at === current ? "true" : undefined}
              onClick={() => {
                onPick(chapter);
              }}
            >
              <span className={styles.time} style={{ minWidth: `${widest}ch` }}>{elapsed(chapter.startMs)}</span>
              <Face chapter={chapter} />
              <span className={cx(styles.title, chapter.speakers.length === 0 && styles.quiet)}>{titleOf(chapter)}</span>
              <span className={styles.length}>{elapsed(chapter.endMs - chapter.startMs)}</span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** Of who speaks most: names tell the others. */
function Face({ chapter: { speakers } }: { readonly chapter: RecordingChapter }) {
  const [first] = speakers;
  if (first !== undefined) return <Avatar name={first.name ?? ""} identity={first.participantId} size={26} />;
  return (
    <span className={styles.nobody} aria-hidden>
      <MicOff />
    </span>
  );
}
