import { useCallback } from "react";
import { useNavigate, useParams } from "react-router";
import { Forbidden } from "../admin/AdminPage.js";
import { SignedIn } from "../live/SignedIn.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { PageFrame } from "../pages/PageFrame.js";
import { useSession } from "../session/session.js";
import { BackLink, PageHead } from "../ui/PageHead.js";
import { Spinner } from "../ui/Spinner.js";
import { showToast } from "../ui/toasts.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { draftOf, scheduleOf, type Draft } from "./draft.js";
import { MeetingForm } from "./MeetingForm.js";
import styles from "./Planning.module.css";
import { ownTimeZone } from "./time-zone.js";

/** Changes a meeting that is there. */
export function EditMeetingPage() {
  const { meetingId = "" } = useParams();
  const messages = useMessages();
  const texts = useMeetingMessages();
  usePageTitle(`${texts.form.editTitle} · ${messages.product}`);
  return (
    <SignedIn>
      {() => (
        <PageFrame>
          <EditMeeting key={meetingId} id={meetingId} />
        </PageFrame>
      )}
    </SignedIn>
  );
}

function EditMeeting({ id }: { readonly id: string }) {
  const texts = useMeetingMessages();
  const { api } = useSession();
  const navigate = useNavigate();
  const loaded = useLoaded(useCallback(() => Promise.all([api.meetings.read(id), api.meetings.organisation()]), [api, id]));
  const [read, organisation] = loaded.value ?? [];
  const meeting = read?.value;
  const version = read?.version;
  if (meeting !== undefined && !("settings" in meeting)) return <Forbidden />;
  const hasSchedule = meeting !== undefined && (meeting.kind === "once" || meeting.kind === "recurring");

  const save = async (draft: Draft) => {
    const { title, description, settings } = draft;
    const change = { title: title.trim(), description, settings, ...(hasSchedule && { schedule: scheduleOf(draft) }) };
    await api.meetings.change(id, change, version);
    showToast({ tone: "info", title: texts.form.saved });
    await navigate(`/meetings/${id}`, { replace: true });
  };

  return (
    <div className={styles.page}>
      <PageHead
        title={texts.form.editTitle}
        back={<BackLink to={`/meetings/${id}`}>{meeting?.title ?? texts.pageTitle}</BackLink>}
      />
      <LoadFailure of={loaded} />
      {meeting === undefined && loaded.error === null && <Spinner />}
      {meeting !== undefined && organisation !== undefined && (
        <MeetingForm
          // Another version begins anew.
          key={version}
          initial={draftOf(meeting, new Date(), ownTimeZone())}
          hasSchedule={hasSchedule}
          sendsMail={organisation.value.sendsMail}
          meeting={meeting}
          action={texts.form.save}
          cancelTo={`/meetings/${id}`}
          onSave={save}
          onReload={loaded.reload}
        />
      )}
    </div>
  );
}
