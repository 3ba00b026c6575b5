import { useCallback, useRef, useState } from "react";
import { useNavigate } from "react-router";
import { Forbidden } from "../admin/AdminPage.js";
import { SignedIn } from "../live/SignedIn.js";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { useMessages } from "../messages/catalogue.js";
import { PageFrame } from "../pages/PageFrame.js";
import { useSession } from "../session/session.js";
import { Card } from "../ui/Card.js";
import { BackLink, PageHead } from "../ui/PageHead.js";
import { Spinner } from "../ui/Spinner.js";
import { showToast } from "../ui/toasts.js";
import { usePageTitle } from "../ui/usePageTitle.js";
import { AddressesField } from "./AddressesField.js";
import { newDraft, scheduleOf, type Draft } from "./draft.js";
import { MeetingForm } from "./MeetingForm.js";
import styles from "./Planning.module.css";
import { RequestKeys } from "./request-keys.js";
import { ownTimeZone } from "./time-zone.js";

/** Plans a meeting. */
export function NewMeetingPage() {
  const messages = useMessages();
  const texts = useMeetingMessages();
  usePageTitle(`${texts.form.newTitle} · ${messages.product}`);
  return (
    <SignedIn>
      {(user) => (
        <PageFrame>
          {user.permissions.includes("meetings:create") ? <NewMeeting /> : <Forbidden />}
        </PageFrame>
      )}
    </SignedIn>
  );
}

function NewMeeting() {
  const texts = useMeetingMessages();
  const { api } = useSession();
  const navigate = useNavigate();
  const organisation = useLoaded(useCallback(() => api.meetings.organisation(), [api]));
  const [addresses, setAddresses] = useState<readonly string[]>([]);
  const keys = useRef(new RequestKeys());

  const save = async (draft: Draft) => {
    const { title, description, settings } = draft;
    const wanted = { title: title.trim(), description, settings, schedule: scheduleOf(draft) };
    const meeting = await api.meetings.create(wanted, keys.current.of(wanted));
    const outcomes = await Promise.allSettled(addresses.map((address) => api.meetings.invitations.invite(meeting.id, { address })));
    const failed = addresses.filter((_, index) => outcomes[index]?.status === "rejected");
    showToast(
      failed.length === 0
        ? { tone: "info", title: texts.form.created }
        : { tone: "error", title: texts.form.created, text: texts.form.notInvited(failed.join(", ")) },
    );
    await navigate(`/meetings/${meeting.id}`, { replace: true });
  };

  return (
    <div className={styles.page}>
      <PageHead title={texts.form.newTitle} back={<BackLink to="/">{texts.pageTitle}</BackLink>} />
      <LoadFailure of={organisation} />
      {organisation.value === null && organisation.error === null && <Spinner />}
      {organisation.value !== null && (
        <MeetingForm
          initial={newDraft(organisation.value.value.defaults, new Date(), ownTimeZone())}
          hasSchedule
          sendsMail={organisation.value.value.sendsMail}
          action={texts.form.create}
          cancelTo="/"
          onSave={save}
        >
          <Card title={texts.form.inviteesTitle} lead={texts.form.inviteesLead}>
            <AddressesField value={addresses} onChange={setAddresses} />
          </Card>
        </MeetingForm>
      )}
    </div>
  );
}
