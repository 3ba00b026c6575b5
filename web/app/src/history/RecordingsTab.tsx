import { useCallback } from "react";
import { MoreButton } from "../loading/MoreButton.js";
import { usePages } from "../loading/usePages.js";
import { RecordingList } from "../recordings/RecordingList.js";
import { useRecordingMessages } from "../recordings/useRecordingMessages.js";
import { useSession } from "../session/session.js";
import { Kept } from "./Kept.js";

/** What was recorded at one time that people met. */
export function RecordingsTab({ id, session }: { readonly id: string; readonly session: number }) {
  const texts = useRecordingMessages();
  const { api } = useSession();
  const pages = usePages(
    useCallback((cursor?: string) => api.recordings.ofMeeting(id, session, cursor), [api, id, session]),
  );
  return (
    <Kept items={pages.items} error={pages.error} reload={pages.reload} none={texts.noneHere}>
      {(items) => (
        <>
          <RecordingList items={items} label={texts.title} />
          <MoreButton of={pages} />
        </>
      )}
    </Kept>
  );
}
