import type { AuditEntry } from "@parley/sdk";
import { Check, CircleSlash } from "lucide-react";
import { useLocale } from "react-aria-components";
import { Link } from "react-router";
import type { EventText } from "../../messages/admin.en.js";
import { exactTime } from "../dates.js";
import { Facts } from "../Facts.js";
import { OpeningRow } from "../OpeningRow.js";
import { useAdminMessages } from "../useAdminMessages.js";
import { snake } from "./export.js";
import { OPERATOR, type Names } from "./names.js";
import { nameIn, sentenceOf } from "./words.js";

interface AuditRowProps {
  readonly entry: AuditEntry;
  readonly names: Names;
  /** What there may be in the log, by name. */
  readonly events: Readonly<Record<string, EventText>>;
}

/** One event in a sentence, which opens to all that is known of it. */
export function AuditRow({ entry, names, events }: AuditRowProps) {
  const texts = useAdminMessages();
  const { locale } = useLocale();
  const isRefused = entry.outcome === "refused";
  return (
    <OpeningRow
      tone={isRefused ? "bad" : "plain"}
      icon={isRefused ? <CircleSlash /> : <Check />}
      title={sentenceOf({ ...texts, events }, names, entry)}
      about={
        <>
          {entry.address !== null && <span>{entry.address}</span>}
          <time dateTime={entry.at}>{exactTime(entry.at, locale)}</time>
        </>
      }
    >
      {() => <Details entry={entry} names={names} events={events} />}
    </OpeningRow>
  );
}

function Details({ entry, names, events }: AuditRowProps) {
  const texts = useAdminMessages();
  const { fields, outcomes } = texts.audit;
  const code = (text: string | null) => (text === null ? null : <code>{text}</code>);
  const account = (id: string | null) => (id === null ? null : <Account id={id} names={names} />);
  return (
    <Facts
      of={[
        [fields.event, `${events[entry.event]?.name ?? entry.event} (${outcomes[entry.outcome]})`],
        [fields.user, account(entry.userId)],
        [fields.actor, account(entry.actorId)],
        [fields.address, entry.address],
        [fields.userAgent, entry.userAgent],
        [fields.session, code(entry.sessionId)],
        [fields.request, code(entry.requestId)],
        ...Object.entries(entry.details).map(([name, value]) => [snake(name), value] as const),
      ]}
    />
  );
}

/** An account by its name, with the way to it as long as it is there. */
function Account({ id, names }: { readonly id: string; readonly names: Names }) {
  const texts = useAdminMessages();
  const name = nameIn(texts, names, id);
  const isThere = id !== OPERATOR && names.get(id) !== null;
  const path = id.startsWith("sa_") ? "/admin/service-accounts" : "/admin/users";
  return (
    <>
      {isThere ? <Link to={`${path}/${encodeURIComponent(id)}`}>{name}</Link> : name}
      {id !== OPERATOR && name !== id && <code>{id}</code>}
    </>
  );
}
