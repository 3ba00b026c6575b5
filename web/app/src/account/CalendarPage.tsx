import { useCallback } from "react";
import { LoadFailure } from "../loading/LoadFailure.js";
import { useLoaded } from "../loading/useLoaded.js";
import { useSession } from "../session/session.js";
import { Spinner } from "../ui/Spinner.js";
import { useAccountUser } from "./AccountPage.js";
import { AccountSection } from "./AccountSection.js";
import { CalendarCard } from "./CalendarCard.js";
import { MailsCard } from "./MailsCard.js";

/** One's meetings outside of the page: in calendar programs, and in mails. */
export function CalendarPage() {
  const user = useAccountUser();
  const { api } = useSession();
  const feed = useLoaded(useCallback(() => api.meetings.calendar.feed(), [api]));
  const preferences = useLoaded(useCallback(() => api.meetings.calendar.preferences(), [api]));
  return (
    <AccountSection id="calendar">
      <LoadFailure of={feed} />
      {feed.value === null && feed.error === null && <Spinner />}
      {feed.value !== null && <CalendarCard initial={feed.value} />}
      <LoadFailure of={preferences} />
      {preferences.value !== null && <MailsCard initial={preferences.value} ownLanguage={user.locale} />}
    </AccountSection>
  );
}
