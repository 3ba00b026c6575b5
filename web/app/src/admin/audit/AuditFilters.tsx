import { CircleDot, ListFilter, Waypoints } from "lucide-react";
import { useMemo } from "react";
import { useLocale } from "react-aria-components";
import type { EventText } from "../../messages/admin.en.js";
import { Button } from "../../ui/Button.js";
import { Field } from "../../ui/Field.js";
import { Select } from "../../ui/Select.js";
import tableStyles from "../Table.module.css";
import { useAdminMessages } from "../useAdminMessages.js";
import type { Filters } from "../../loading/useFilters.js";
import styles from "./AuditPage.module.css";
import { PersonFilter } from "./PersonFilter.js";

export const FILTERS = ["user", "part", "event", "outcome", "since", "until"] as const;
export type FilterName = (typeof FILTERS)[number];

interface AuditFiltersProps {
  readonly filters: Filters<FilterName>;
  /** What the person is called that events are looked for of; empty: anybody. */
  readonly personName: string;
  /** What there may be in the log, by name. */
  readonly events: Readonly<Record<string, EventText>>;
}

/** What the log is narrowed to. */
export function AuditFilters({ filters: { values, set, reset, areSet }, personName, events }: AuditFiltersProps) {
  const words = useAdminMessages().audit;
  const { locale } = useLocale();
  const choices = useMemo(() => {
    const items = Object.entries(events).map(([id, { name }]) => ({ id, label: name }));
    return [{ id: "any", label: words.anyEvent }, ...items.sort((one, other) => one.label.localeCompare(other.label, locale))];
  }, [events, words, locale]);
  const choose = (name: FilterName) => (id: string) => {
    set({ [name]: id === "any" ? "" : id });
  };
  return (
    <section aria-label={words.filters} className={styles.filters}>
      <div className={tableStyles.filters}>
        <PersonFilter
          name={personName}
          onSelect={(id) => {
            set({ user: id, ...(id === "" && { part: "" }) });
          }}
        />
        {values.user !== "" && (
          <div className={tableStyles.filter}>
            <Select
              label={words.relation}
              icon={<Waypoints aria-hidden />}
              items={[
                { id: "any", label: words.about },
                { id: "by", label: words.by },
              ]}
              selected={values.part === "" ? "any" : values.part}
              placeholder={words.about}
              onSelect={choose("part")}
            />
          </div>
        )}
        <div className={styles.event}>
          <Select
            label={words.event}
            icon={<ListFilter aria-hidden />}
            items={choices}
            selected={values.event === "" ? "any" : values.event}
            placeholder={words.anyEvent}
            onSelect={choose("event")}
          />
        </div>
        <div className={tableStyles.filter}>
          <Select
            label={words.outcome}
            icon={<CircleDot aria-hidden />}
            items={[
              { id: "any", label: words.anyOutcome },
              { id: "done", label: words.outcomes.done },
              { id: "refused", label: words.outcomes.refused },
            ]}
            selected={values.outcome === "" ? "any" : values.outcome}
            placeholder={words.anyOutcome}
            onSelect={choose("outcome")}
          />
        </div>
      </div>
      <div className={styles.times}>
        <div className={styles.time}>
          <Field label={words.since} type="date" value={values.since} onChange={choose("since")} />
        </div>
        <div className={styles.time}>
          <Field label={words.until} type="date" value={values.until} onChange={choose("until")} />
        </div>
        {areSet && (
          <Button variant="quiet" onPress={reset}>
            {words.reset}
          </Button>
        )}
      </div>
    </section>
  );
}
