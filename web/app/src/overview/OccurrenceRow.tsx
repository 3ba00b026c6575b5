import type { Schedule, SeriesOccurrence } from "@parley/sdk";
import type { ReactNode } from "react";
import { useLocale } from "react-aria-components";
import list from "../account/List.module.css";
import { Pill } from "../admin/Pill.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import styles from "./Overview.module.css";
import { hoursText, momentText } from "./times.js";

interface OccurrenceRowProps {
  readonly time: SeriesOccurrence;
  readonly schedule: Schedule;
  /** What one can do with it. */
  readonly children: ReactNode;
}

/** When one of the times of a series is, and what is different about it. */
export function OccurrenceRow({ time, schedule, children }: OccurrenceRowProps) {
  const words = useMeetingMessages().overview.occurrences;
  const { locale } = useLocale();
  const { cancelled, changed, title } = time;
  const when = momentText(time.start, locale);
  const exception = schedule.exceptions.find(({ occurrence }) => occurrence === time.occurrence);
  const length = exception?.durationMinutes ?? null;
  return (
    <li className={list.row}>
      <div className={list.what}>
        <p className={cancelled ? styles.gone : list.name}>{title ?? when}</p>
        <p className={list.details}>
          {title !== null && <span>{when}</span>}
          {!cancelled && length !== null && (
            <span>{hoursText({ start: exception?.start ?? time.occurrence, durationMinutes: length }, locale)}</span>
          )}
          {cancelled && <Pill tone="bad">{words.cancelled}</Pill>}
          {!cancelled && changed && <Pill tone="waiting">{exception?.start == null ? words.changed : words.moved}</Pill>}
        </p>
      </div>
      {children}
    </li>
  );
}
