import type { Recording, RecordingProgress } from "@parley/sdk";
import { AudioLines, Files, Film } from "lucide-react";
import { useState } from "react";
import { useLocale } from "react-aria-components";
import { Link } from "react-router";
import { day } from "../admin/dates.js";
import { Pill } from "../admin/Pill.js";
import { bytesText } from "../messages/numbers.js";
import { elapsed } from "../messages/time.js";
import { momentText } from "../overview/times.js";
import styles from "./Recordings.module.css";
import { useRecordingMessages } from "./useRecordingMessages.js";

interface RecordingListProps {
  readonly items: readonly Recording[];
  readonly label: string;
  /** Without a frame of its own. */
  readonly isInCard?: boolean;
}

/** Recordings, each with the way to it. */
export function RecordingList({ items, label, isInCard = false }: RecordingListProps) {
  return (
    <ul className={isInCard ? styles.inner : styles.list} aria-label={label}>
      {items.map((recording) => (
        <Row key={recording.id} recording={recording} />
      ))}
    </ul>
  );
}

function Row({ recording }: { readonly recording: Recording }) {
  const { id, title, state, startedAt, durationMs, bytes, expiresAt } = recording;
  const texts = useRecordingMessages();
  const { locale } = useLocale();
  const when = momentText(startedAt, locale);
  return (
    <li className={styles.row}>
      <Thumb recording={recording} />
      <div className={styles.what}>
        <Link to={`/recordings/${id}`} className={styles.name} aria-label={texts.open(title, when)}>
          {title}
        </Link>
        <p className={styles.details}>
          <span>{when}</span>
          {durationMs !== null && <span>{elapsed(durationMs)}</span>}
          {bytes !== null && <span>{bytesText(bytes, locale)}</span>}
          {expiresAt !== null && <span>{texts.keptUntil(day(expiresAt, locale))}</span>}
        </p>
      </div>
      <StatePill state={state} />
    </li>
  );
}

const ICONS = { composite: Film, both: Film, audio: AudioLines, tracks: Files } as const;

/** A picture of it, or what it is. */
function Thumb({ recording: { kind, poster } }: { readonly recording: Recording }) {
  const Icon = ICONS[kind];
  const [isBroken, setBroken] = useState(false);
  return (
    <span className={styles.thumb} aria-hidden>
      <Icon />
      {poster !== null && !isBroken && (
        <img
          src={poster.url}
          alt=""
          loading="lazy"
          onError={() => {
            setBroken(true);
          }}
        />
      )}
    </span>
  );
}

/** How far a recording has come. */
export function StatePill({ state }: { readonly state: RecordingProgress }) {
  return <Pill tone={TONES[state]}>{useRecordingMessages().states[state]}</Pill>;
}

const TONES = { recording: "bad", processing: "waiting", ready: "good", lost: "plain" } as const;
