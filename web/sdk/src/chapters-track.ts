import type { RecordingChapter } from "./recording-types.js";

/**
 * Chapters as WebVTT (W3C, 1.1), for a `<track kind="chapters">`.
 *
 * @param titleOf What a chapter is called; on one line.
 */
export function chaptersTrack(chapters: readonly RecordingChapter[], titleOf: (chapter: RecordingChapter) => string): string {
  const cues = chapters.map(
    (chapter) => `${timestamp(chapter.startMs)} --> ${timestamp(chapter.endMs)}\n${escaped(titleOf(chapter))}\n`,
  );
  return ["WEBVTT\n", ...cues].join("\n");
}

/** Hours, minutes, seconds and thousandths (W3C WebVTT, 4.1, "WebVTT timestamp"). */
function timestamp(milliseconds: number): string {
  const whole = Math.max(0, Math.round(milliseconds));
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return `${two(whole / 3_600_000)}:${two((whole / 60_000) % 60)}:${two((whole / 1000) % 60)}.${String(whole % 1000).padStart(3, "0")}`;
}

/** Text of a cue: no end of a line, no tag, no `-->`. */
function escaped(text: string): string {
  return text.replace(/\s+/g, " ").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
