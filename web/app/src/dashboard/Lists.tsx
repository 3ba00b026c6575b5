import type { ListedMeeting, MeetingListName } from "@parley/sdk";
import { CalendarClock } from "lucide-react";
import { useCallback, type ReactNode } from "react";
import { useLocale } from "react-aria-components";
import { LoadFailure } from "../loading/LoadFailure.js";
import { MoreButton } from "../loading/MoreButton.js";
import { usePages, type Pages } from "../loading/usePages.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { StatusLabel } from "../meetings/StatusLabel.js";
import { clockTime, dayAndTime } from "../messages/time.js";
import { useNow } from "../meeting/room/useNow.js";
import { useSession } from "../session/session.js";
import { Empty } from "../ui/Empty.js";
import { Spinner } from "../ui/Spinner.js";
import { byDay, dayName, daysFrom } from "./days.js";
import styles from "./Lists.module.css";
import { MeetingRow } from "./MeetingRow.js";

/** A page of it: a series has many times. */
const LIMIT = 10;
/** So long before it begins, to join a meeting is what is most likely wanted. */
const SOON_MS = 10 * 60_000;

/** What is to come, day by day. */
export function UpcomingList() {
  const texts = useMeetingMessages();
  const { locale } = useLocale();
  const pages = useList("upcoming");
  const now = useNow();
  return (
    <List name="upcoming" pages={pages}>
      {(items) => (
        <Days
          items={items}
          momentOf={startOf}
          row={(meeting) => {
            const start = startOf(meeting);
            const end = Date.parse(meeting.occurrence?.end ?? meeting.createdAt);
            const isOn = start <= now && now < end;
            return (
              <MeetingRow
                key={`${meeting.id} ${start}`}
                meeting={meeting}
                title={meeting.occurrence?.title}
                times={[clockTime(start, locale), clockTime(end, locale)]}
                isNow={start - SOON_MS <= now && now < end}
              >
                {isOn && <strong className={styles.now}>{texts.underWay}</strong>}
              </MeetingRow>
            );
          }}
        />
      )}
    </List>
  );
}

/** What one took part in, day by day. */
export function PastList() {
  const { locale } = useLocale();
  const pages = useList("past");
  return (
    <List name="past" pages={pages}>
      {(items) => (
        <Days
          items={items}
          momentOf={sinceOf}
          row={(meeting) => (
            <MeetingRow
              key={`${meeting.id} ${meeting.session ?? 0}`}
              meeting={meeting}
              times={[clockTime(sinceOf(meeting), locale), null]}
            />
          )}
        />
      )}
    </List>
  );
}

/** What one hosts, or is invited to, the newest first. */
export function PlainList({ name }: { readonly name: "hosted" | "invited" }) {
  const texts = useMeetingMessages();
  const { locale } = useLocale();
  const pages = useList(name);
  const now = useNow();
  return (
    <List name={name} pages={pages}>
      {(items) => (
        <ul className={styles.list} aria-label={texts.lists[name]}>
          {items.map((meeting) => (
            <MeetingRow key={meeting.id} meeting={meeting}>
              {meeting.status !== "scheduled" && (
                <StatusLabel status={meeting.status}>{texts.status[meeting.status]}</StatusLabel>
              )}
              {meeting.kind === "personal" && <span>{texts.personal.title}</span>}
              {meeting.kind !== "recurring" && (
                <span>
                  {meeting.schedule === null
                    ? texts.createdOn(dayAndTime(Date.parse(meeting.createdAt), now, locale))
                    : localTimeText(meeting.schedule.start, locale)}
                </span>
              )}
            </MeetingRow>
          ))}
        </ul>
      )}
    </List>
  );
}

function useList(name: MeetingListName): Pages<ListedMeeting> {
  const { api } = useSession();
  return usePages(useCallback((cursor?: string) => api.meetings.list(name, { limit: LIMIT }, cursor), [api, name]));
}

interface ListProps {
  readonly name: MeetingListName;
  readonly pages: Pages<ListedMeeting>;
  readonly children: (items: readonly ListedMeeting[]) => ReactNode;
}

function List({ name, pages, children }: ListProps) {
  const { title, text } = useMeetingMessages().empty[name];
  const { items, error } = pages;
  return (
    <>
      <LoadFailure of={pages} />
      {items === null && error === null && <Spinner />}
      {items?.length === 0 && (
        <Empty icon={<CalendarClock aria-hidden />} title={title} text={text} />
      )}
      {items !== null && items.length > 0 && children(items)}
      <MoreButton of={pages} />
    </>
  );
}

interface DaysProps {
  readonly items: readonly ListedMeeting[];
  readonly momentOf: (meeting: ListedMeeting) => number;
  readonly row: (meeting: ListedMeeting) => ReactNode;
}

function Days({ items, momentOf, row }: DaysProps) {
  const texts = useMeetingMessages();
  const { locale } = useLocale();
  const now = useNow();
  return byDay(items, momentOf).map((day) => {
    const near = { "-1": texts.days.yesterday, "0": texts.days.today, "1": texts.days.tomorrow }[daysFrom(now, day.at)];
    const id = `day-${day.at}`;
    return (
      <section key={day.at} aria-labelledby={id} className={styles.day}>
        <h3 id={id} className={styles.heading}>
          {near !== undefined && <span className={styles.near}>{near}</span>} {dayName(day.at, now, locale)}
        </h3>
        <ul className={styles.list}>{day.items.map(row)}</ul>
      </section>
    );
  });
}

function startOf(meeting: ListedMeeting): number {
  return Date.parse(meeting.occurrence?.start ?? meeting.createdAt);
}

function sinceOf(meeting: ListedMeeting): number {
  return Date.parse(meeting.since ?? meeting.createdAt);
}

/** A local time of some zone, as it is there. */
function localTimeText(local: string, locale: string): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" };
  return new Intl.DateTimeFormat(locale, options).format(Date.parse(`${local}Z`));
}
