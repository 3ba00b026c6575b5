import type { Attendance } from "@parley/sdk";
import { Download } from "lucide-react";
import { useCallback } from "react";
import { useLocale } from "react-aria-components";
import table from "../admin/Table.module.css";
import { Failure } from "../forms/Failure.js";
import { useAttempt } from "../forms/useAttempt.js";
import { MoreButton } from "../loading/MoreButton.js";
import { usePages } from "../loading/usePages.js";
import { useMeetingMessages } from "../meetings/useMeetingMessages.js";
import { clockTime, elapsed } from "../messages/time.js";
import { useSession } from "../session/session.js";
import { Avatar } from "../ui/Avatar.js";
import { Button } from "../ui/Button.js";
import { saveFile } from "../ui/save-file.js";
import styles from "./History.module.css";
import { Kept } from "./Kept.js";

interface TabProps {
  readonly id: string;
  readonly session: number;
}

/** Who was there, from when to when. */
export function AttendanceTab({ id, session }: TabProps) {
  const texts = useMeetingMessages().history;
  const { api } = useSession();
  const pages = usePages(useCallback((cursor?: string) => api.meetings.attendance(id, session, cursor), [api, id, session]));
  const { isPending, error, run } = useAttempt();
  const download = () =>
    run(async () => {
      saveFile(await api.meetings.attendanceTable(id, session), `attendance-${id}-${session}.csv`);
    });
  return (
    <Kept items={pages.items} error={pages.error} reload={pages.reload} none={texts.nobody}>
      {(items) => (
        <>
          <div>
            <Button icon={<Download aria-hidden />} isPending={isPending} onPress={() => void download()}>
              {texts.download}
            </Button>
          </div>
          <Failure error={error} />
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">{texts.person}</th>
                <th scope="col">{texts.joined}</th>
                <th scope="col">{texts.left}</th>
                <th scope="col">{texts.duration}</th>
              </tr>
            </thead>
            <tbody>
              {inOrder(items).map((person) => (
                <Row key={person.identity} person={person} />
              ))}
            </tbody>
          </table>
          <MoreButton of={pages} />
        </>
      )}
    </Kept>
  );
}

function Row({ person }: { readonly person: Attendance }) {
  const texts = useMeetingMessages().history;
  const { locale } = useLocale();
  const name = person.name ?? texts.unknown;
  const time = (text: string) => clockTime(Date.parse(text), locale);
  const what = person.kind === "person" ? person.role && texts.roles[person.role] : texts.kinds[person.kind];
  return (
    <tr className={table.row}>
      <th scope="row">
        <div className={table.person}>
          <Avatar name={name} identity={person.identity} size={40} />
          <div className={table.words}>
            <span className={styles.name}>{name}</span>
            {what !== null && <span className={table.address}>{what}</span>}
          </div>
        </div>
      </th>
      <td>
        <span className={styles.column}>{texts.joined}</span>
        {person.joinedAt === null ? "" : time(person.joinedAt)}
      </td>
      <td className={person.leftAt === null ? table.quiet : undefined}>
        {person.leftAt !== null && <span className={styles.column}>{texts.left}</span>}
        {person.leftAt === null ? texts.still : time(person.leftAt)}
      </td>
      <td className={styles.lasting}>
        <span className={styles.column}>{texts.duration}</span>
        {elapsed(person.seconds * 1000)}
      </td>
    </tr>
  );
}

/** Those who came first before the others; the service's order means nothing. */
function inOrder(people: readonly Attendance[]): readonly Attendance[] {
  return [...people].sort((one, other) => (one.joinedAt ?? "").localeCompare(other.joinedAt ?? ""));
}
