import type { Recording } from "@parley/sdk";
import { useLocale } from "react-aria-components";
import { elapsed } from "../messages/time.js";
import { Notice } from "../ui/Notice.js";
import styles from "./Gaps.module.css";
import { gapLengthMs, gapTimes } from "./gaps.js";
import { useRecordingMessages } from "./useRecordingMessages.js";

/** What is missing in a recording: from when to when, for how long, and why. */
export function GapsNotice({ recording: { gaps, kind } }: { readonly recording: Recording }) {
  const texts = useRecordingMessages().gaps;
  const { locale } = useLocale();
  if (gaps.length === 0) return null;
  return (
    <Notice tone="warning" title={texts.title}>
      <ul className={styles.gaps} aria-label={texts.title}>
        {gaps.map((gap) => (
          <li key={`${gap.kind} ${gap.beginsAt}`} className={styles.gap}>
            <p className={styles.when}>
              <span>{gapTimes(gap, locale)}</span>
              <span>{texts.length(elapsed(gapLengthMs(gap)))}</span>
              {kind === "both" && <span>{texts.kinds[gap.kind]}</span>}
            </p>
            <p>{texts.reasons[gap.reason]}</p>
          </li>
        ))}
      </ul>
    </Notice>
  );
}
