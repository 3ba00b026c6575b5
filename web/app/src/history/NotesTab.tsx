import { Download } from "lucide-react";
import { useCallback } from "react";
import { useLocale } from "react-aria-components";
import { useLoaded } from "../loading/useLoaded.js";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { clockTime } from "../messages/time.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useSession } from "../session/session.js";
import { Button } from "../ui/Button.js";
import { saveFile } from "../ui/save-file.js";
import styles from "./History.module.css";
import { Kept } from "./Kept.js";

/** What was noted together. */
export function NotesTab({ id, session }: { readonly id: string; readonly session: number }) {
  const texts = useMeetingMessages().history;
  const { locale } = useLocale();
  const { api } = useSession();
  const loaded = useLoaded(useCallback(() => api.meetings.notes(id, session), [api, id, session]));
  const { isPending, error, run } = useAttempt();
  const download = () =>
    run(async () => {
      saveFile(await api.meetings.notesText(id, session), `notes-${id}-${session}.txt`);
    });
  const before = loaded.value?.before ?? null;
  const notes = loaded.value === null ? null : loaded.value.text.trim() === "" ? [] : [loaded.value.text];
  return (
    <>
      <Kept items={notes} error={loaded.error} reload={loaded.reload} none={texts.noNotes}>
        {(kept) => (
          <>
            <div>
              <Button icon={<Download aria-hidden />} isPending={isPending} onPress={() => void download()}>
                {texts.downloadText}
              </Button>
            </div>
            <Failure error={error} />
            <section className={styles.notes} aria-label={texts.tabs.notes}>
              {kept.join("")}
            </section>
          </>
        )}
      </Kept>
      {before !== null && (
        <>
          <p className={styles.about}>{texts.notesBefore(clockTime(Date.parse(before.at), locale))}</p>
          <section className={styles.notes} aria-label={texts.earlierNotes}>
            {before.text}
          </section>
        </>
      )}
    </>
  );
}
