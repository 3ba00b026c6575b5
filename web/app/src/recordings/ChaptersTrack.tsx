import { chaptersTrack, type RecordingChapter } from "@parley/sdk";
import { useCallback } from "react";
import { useChapterTitle } from "./chapters.js";

/** Chapters for the browser's own player, which shows them where it knows how to. */
export function ChaptersTrack({ chapters }: { readonly chapters: readonly RecordingChapter[] }) {
  const titleOf = useChapterTitle();
  const load = useCallback(
    (track: HTMLTrackElement) => {
      const address = URL.createObjectURL(new Blob([chaptersTrack(chapters, titleOf)], { type: "text/vtt" }));
      track.src = address;
      return () => {
        URL.revokeObjectURL(address);
      };
    },
    [chapters, titleOf],
  );
  return <track kind="chapters" default ref={load} />;
}
