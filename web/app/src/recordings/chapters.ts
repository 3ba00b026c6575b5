import type { RecordedParticipant, RecordingChapter } from "@parley/sdk";
import { useMemo } from "react";
import { useLocale } from "react-aria-components";
import { useRecordingMessages } from "./useRecordingMessages.js";

/** What chapters are called: by those who speak in them. */
export function useChapterTitle(): (chapter: RecordingChapter) => string {
  const { nobody, unknown } = useRecordingMessages().chapters;
  const { locale } = useLocale();
  return useMemo(() => {
    const list = new Intl.ListFormat(locale, { type: "conjunction" });
    return ({ speakers }: RecordingChapter) =>
      speakers.length === 0 ? nobody : list.format(speakers.map(({ name }) => name ?? unknown));
  }, [locale, nobody, unknown]);
}

/** The place in the list of the chapter at a time; -1: there is none. */
export function chapterAt(chapters: readonly RecordingChapter[], milliseconds: number): number {
  return chapters.findLastIndex(({ startMs }) => startMs <= milliseconds);
}

/** Those of whom it is known what they are called; each name once. */
export function namesOf(people: readonly RecordedParticipant[]): readonly string[] {
  return [...new Set(people.flatMap(({ name }) => name ?? []))];
}
