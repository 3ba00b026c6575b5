import type { AuditEntry } from "@parley/sdk";
import { Download, RefreshCw, ScrollText } from "lucide-react";
import { useCallback, useMemo } from "react";
import { useLocale } from "react-aria-components";
import { useParams } from "react-router";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { IconButton } from "../../ui/IconButton.js";
import { Menu, MenuItem } from "../../ui/Menu.js";
import { saveFile } from "../../ui/save-file.js";
import { Spinner } from "../../ui/Spinner.js";
import { TabLinks } from "../../ui/TabLinks.js";
import { AdminSection } from "../AdminSection.js";
import { dayHeading } from "../dates.js";
import { Empty } from "../../ui/Empty.js";
import { OpeningRows } from "../OpeningRow.js";
import tableStyles from "../Table.module.css";
import type { EventText } from "../../messages/admin.en.js";
import { useAdminMessages } from "../useAdminMessages.js";
import { useMeetingAdminMessages } from "../useMeetingAdminMessages.js";
import { useFilters } from "../../loading/useFilters.js";
import { usePages } from "../../loading/usePages.js";
import { AuditFilters, FILTERS } from "./AuditFilters.js";
import styles from "./AuditPage.module.css";
import { AuditRow } from "./AuditRow.js";
import { entriesAsCsv, entriesAsJson } from "./export.js";
import { idsIn, useNames, type Names } from "./names.js";
import { searchOf } from "./search.js";
import { nameIn } from "./words.js";

type LogName = "accounts" | "meetings";
const LOGS: readonly LogName[] = ["accounts", "meetings"];

/** What has happened to accounts and sessions, or at the meeting service. */
export function AuditPage() {
  const { log } = useParams();
  const name = log === "meetings" ? "meetings" : "accounts";
  return <Log key={name} name={name} />;
}

function Log({ name }: { readonly name: LogName }) {
  const texts = useAdminMessages();
  const meetingTexts = useMeetingAdminMessages();
  const { logs } = meetingTexts;
  const events = name === "meetings" ? meetingTexts.events : texts.events;
  const words = texts.audit;
  const { api } = useSession();
  const filters = useFilters(FILTERS);
  const { user, part, event, outcome, since, until } = filters.values;
  const pages = usePages(
    useCallback(
      (cursor?: string) => {
        const search = searchOf({ user, part, event, outcome, since, until });
        const service = name === "meetings" ? api.meetingsAdministration : api.administration;
        return service.listAuditLog(search, cursor);
      },
      [api, name, user, part, event, outcome, since, until],
    ),
  );
  const { items } = pages;
  const ids = useMemo(() => [...(user === "" ? [] : [user]), ...idsIn(items ?? [])], [user, items]);
  const names = useNames(ids);
  return (
    <AdminSection
      id="audit"
      action={
        <div className={styles.tools}>
          <IconButton label={words.refresh} onPress={pages.reload}>
            <RefreshCw aria-hidden />
          </IconButton>
          <Export entries={items ?? []} name={name} />
        </div>
      }
    >
      <TabLinks
        label={logs.label}
        items={LOGS.map((id) => ({ id, label: logs[id], to: `/admin/audit${id === "accounts" ? "" : `/${id}`}` }))}
        current={name}
      />
      <AuditFilters filters={filters} events={events} personName={user === "" ? "" : nameIn(texts, names, user)} />
      <LoadFailure of={pages} />
      {items === null && pages.error === null && <Spinner />}
      {items?.length === 0 && <Empty icon={<ScrollText aria-hidden />} title={words.none} text={words.noneText} />}
      {items !== null && items.length > 0 && <Days entries={items} names={names} events={events} />}
      <div className={tableStyles.foot}>
        <p role="status">{items !== null && words.count(items.length, pages.cursor === null)}</p>
        {pages.cursor !== null && (
          <Button isPending={pages.isLoading} onPress={pages.more}>
            {texts.more}
          </Button>
        )}
      </div>
    </AdminSection>
  );
}

interface DaysProps {
  readonly entries: readonly AuditEntry[];
  readonly names: Names;
  readonly events: Readonly<Record<string, EventText>>;
}

/** Entries under the days on which they happened. */
function Days({ entries, names, events }: DaysProps) {
  const { locale } = useLocale();
  const days = useMemo(() => {
    const found = new Map<string, AuditEntry[]>();
    for (const entry of entries) {
      const heading = dayHeading(entry.at, locale);
      found.set(heading, [...(found.get(heading) ?? []), entry]);
    }
    return [...found];
  }, [entries, locale]);
  return days.map(([heading, ofDay]) => (
    <section key={heading} aria-label={heading} className={styles.day}>
      <h2 className={styles.heading}>{heading}</h2>
      <OpeningRows>
        {ofDay.map((entry) => (
          <AuditRow key={entry.id} entry={entry} names={names} events={events} />
        ))}
      </OpeningRows>
    </section>
  ));
}

function Export({ entries, name }: { readonly entries: readonly AuditEntry[]; readonly name: LogName }) {
  const words = useAdminMessages().audit;
  const save = (text: string, type: string, ending: string) => {
    saveFile(new Blob([text], { type }), `audit-log-${name}-${new Date().toISOString().slice(0, 10)}.${ending}`);
  };
  return (
    <Menu
      label={words.exportLabel}
      placement="bottom end"
      trigger={
        <Button icon={<Download aria-hidden />} isDisabled={entries.length === 0}>
          {words.export}
        </Button>
      }
    >
      <MenuItem
        onAction={() => {
          save(entriesAsCsv(entries), "text/csv", "csv");
        }}
      >
        {words.csv}
      </MenuItem>
      <MenuItem
        onAction={() => {
          save(entriesAsJson(entries), "application/json", "json");
        }}
      >
        {words.json}
      </MenuItem>
    </Menu>
  );
}
