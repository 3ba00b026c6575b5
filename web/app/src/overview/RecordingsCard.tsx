import type { Meeting } from "@parley/sdk";
import { useCallback } from "react";
import list from "../account/List.module.css";
import { LoadFailure } from "../loading/LoadFailure.js";
import { MoreButton } from "../loading/MoreButton.js";
import { usePages } from "../loading/usePages.js";
import { RecordingList } from "../recordings/RecordingList.js";
import { useRecordingMessages } from "../recordings/useRecordingMessages.js";
import { useSession } from "../session/session.js";
import { Card } from "../ui/Card.js";

const AT_ONCE = 5;

/** What was recorded of a meeting. */
export function RecordingsCard({ meeting }: { readonly meeting: Meeting }) {
  const texts = useRecordingMessages();
  const { api } = useSession();
  const pages = usePages(
    useCallback((cursor?: string) => api.recordings.ofMeeting(meeting.id, undefined, cursor, AT_ONCE), [api, meeting.id]),
  );
  const { items } = pages;
  return (
    <Card title={texts.title}>
      <LoadFailure of={pages} />
      {items?.length === 0 && <p className={list.note}>{texts.noneHere}</p>}
      {items !== null && items.length > 0 && <RecordingList items={items} label={texts.title} isInCard />}
      <MoreButton of={pages} />
    </Card>
  );
}
