import { useCallback } from "react";
import { useLocale } from "react-aria-components";
import list from "../../account/List.module.css";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { MoreButton } from "../../loading/MoreButton.js";
import { usePages } from "../../loading/usePages.js";
import { useSession } from "../../session/session.js";
import { Avatar } from "../../ui/Avatar.js";
import { Card } from "../../ui/Card.js";
import { Select } from "../../ui/Select.js";
import { Spinner } from "../../ui/Spinner.js";
import table from "../Table.module.css";
import { useMeetingAdminMessages } from "../useMeetingAdminMessages.js";
import { monthName } from "./month-name.js";
import styles from "./Usage.module.css";
import { inOrder } from "./usage.js";

interface HostsCardProps {
  readonly month: string;
  readonly months: readonly string[];
  readonly onMonth: (month: string) => void;
}

/** Who hosted how much in a month. */
export function HostsCard({ month, months, onMonth }: HostsCardProps) {
  const texts = useMeetingAdminMessages().usage;
  const { api } = useSession();
  const { locale } = useLocale();
  const pages = usePages(
    useCallback((cursor?: string) => api.meetingsAdministration.hostUsage(month, cursor), [api, month]),
  );
  const { items, error } = pages;
  const text = (value: number) => new Intl.NumberFormat(locale).format(value);
  return (
    <Card
      title={texts.hosts}
      lead={texts.hostsLead}
      action={
        <Select
          label={texts.month}
          items={months.map((id) => ({ id, label: monthName(id, locale) }))}
          selected={month}
          placeholder={texts.month}
          onSelect={onMonth}
        />
      }
    >
      <LoadFailure of={pages} />
      {items === null && error === null && <Spinner />}
      {items?.length === 0 && <p className={list.note}>{texts.none}</p>}
      {items !== null && items.length > 0 && (
        <table role="table" className={table.table}>
          <caption className="visually-hidden">{texts.hosts}</caption>
          <thead role="rowgroup">
            <tr role="row">
              {[texts.host, texts.meetings, texts.participants, texts.minutesOf].map((heading) => (
                <th key={heading} role="columnheader" scope="col">
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {inOrder(items).map(({ userId, name, meetings, participants, participantMinutes }) => (
              <tr key={userId} role="row" className={table.row}>
                <th role="rowheader" scope="row">
                  <div className={table.person}>
                    <Avatar name={name} identity={userId} size={36} />
                    <span className={table.words}>{name}</span>
                  </div>
                </th>
                <Count label={texts.meetings}>{text(meetings)}</Count>
                <Count label={texts.participants}>{text(participants)}</Count>
                <Count label={texts.minutes}>{text(participantMinutes)}</Count>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <MoreButton of={pages} />
    </Card>
  );
}

/** A number, with what it counts where the headings are not to be seen. */
function Count({ label, children }: { readonly label: string; readonly children: string }) {
  return (
    <td role="cell" className={styles.number}>
      <span className={styles.label} aria-hidden>
        {label}
      </span>
      {children}
    </td>
  );
}
