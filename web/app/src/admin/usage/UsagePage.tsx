import type { UsagePeriod } from "@parley/sdk";
import { CalendarRange, Download } from "lucide-react";
import { useCallback, useState } from "react";
import { useLocale } from "react-aria-components";
import { Failure } from "../../forms/Failure.js";
import { useAttempt } from "../../forms/useAttempt.js";
import { Graph } from "../../graphs/Graph.js";
import { niceMaximum } from "../../graphs/geometry.js";
import { LoadFailure } from "../../loading/LoadFailure.js";
import { useFilters } from "../../loading/useFilters.js";
import { useLoaded } from "../../loading/useLoaded.js";
import { useSession } from "../../session/session.js";
import { Button } from "../../ui/Button.js";
import { Menu, MenuItem } from "../../ui/Menu.js";
import { saveFile } from "../../ui/save-file.js";
import { Select } from "../../ui/Select.js";
import { Spinner } from "../../ui/Spinner.js";
import { AdminSection } from "../AdminSection.js";
import { useMeetingAdminMessages } from "../useMeetingAdminMessages.js";
import { HostsCard } from "./HostsCard.js";
import { monthName } from "./month-name.js";
import styles from "./Usage.module.css";
import { beginOf, monthsUntil, searchOf, SPANS, totalsOf, type Span } from "./usage.js";

const FILTERS = ["span", "month"] as const;
const MONTHS = 12;
/** Days of summer time and the lengths of months make no gap. */
const GAP_MS = 32 * 86_400_000;

/** How much the platform is used. */
export function UsagePage() {
  const texts = useMeetingAdminMessages().usage;
  const { api } = useSession();
  const { values, set } = useFilters(FILTERS);
  const span: Span = SPANS.find((each) => each === values.span) ?? "30";
  const [now] = useState(Date.now);
  const months = monthsUntil(now, MONTHS);
  const month = months.find((each) => each === values.month) ?? months[0] ?? "";
  const loaded = useLoaded(useCallback(() => api.meetingsAdministration.usage(searchOf(span, now)), [api, span, now]));
  return (
    <AdminSection id="usage" action={<Export span={span} month={month} now={now} />}>
      <div className={styles.above}>
        <div className={styles.span}>
          <Select
            label={texts.span}
            icon={<CalendarRange aria-hidden />}
            items={SPANS.map((id) => ({ id, label: texts.spans[id] }))}
            selected={span}
            placeholder={texts.span}
            onSelect={(id) => {
              set({ span: id });
            }}
          />
        </div>
      </div>
      <LoadFailure of={loaded} />
      {loaded.value === null && loaded.error === null && <Spinner />}
      {loaded.value !== null && <Figures periods={loaded.value} />}
      <p className={styles.note}>{texts.utc}</p>
      <HostsCard
        key={month}
        month={month}
        months={months}
        onMonth={(id) => {
          set({ month: id });
        }}
      />
    </AdminSection>
  );
}

function Figures({ periods }: { readonly periods: readonly UsagePeriod[] }) {
  const texts = useMeetingAdminMessages().usage;
  const { locale } = useLocale();
  const text = (value: number) => new Intl.NumberFormat(locale).format(value);
  const totals = totalsOf(periods);
  const isByMonth = periods[0]?.period.length === 7;
  const format = new Intl.DateTimeFormat(locale, {
    timeZone: "UTC",
    year: "numeric",
    month: "short",
    ...(!isByMonth && { day: "numeric", weekday: "short" }),
  });
  const points = (of: (period: UsagePeriod) => number) => periods.map((each) => ({ at: beginOf(each.period), value: of(each) }));
  const frame = {
    from: beginOf(periods[0]?.period ?? ""),
    until: beginOf(periods.at(-1)?.period ?? ""),
    calendar: { gap: GAP_MS, label: isByMonth ? texts.month : texts.time, text: (at: number) => format.format(at) },
    text,
  };
  const maximum = (...of: ((period: UsagePeriod) => number)[]) =>
    niceMaximum(of.flatMap((value) => periods.map(value)), 1);
  return (
    <>
      <dl className={styles.totals} aria-label={texts.totals}>
        {(
          [
            [texts.meetings, totals.meetings],
            [texts.participants, totals.participants],
            [texts.minutesOf, totals.participantMinutes],
            [texts.peak, totals.peakPeople],
          ] as const
        ).map(([name, value]) => (
          <div key={name} className={styles.total}>
            <dt>{name}</dt>
            <dd>{text(value)}</dd>
          </div>
        ))}
      </dl>
      <div className={styles.graphs}>
        <Graph
          {...frame}
          title={texts.held}
          maximum={maximum(({ meetings }) => meetings, ({ participants }) => participants)}
          lines={[
            { name: texts.meetings, points: points(({ meetings }) => meetings) },
            { name: texts.participants, points: points(({ participants }) => participants) },
          ]}
        />
        <Graph
          {...frame}
          title={texts.minutesOf}
          maximum={maximum(({ participantMinutes }) => participantMinutes)}
          lines={[{ name: texts.minutes, points: points(({ participantMinutes }) => participantMinutes) }]}
        />
        <Graph
          {...frame}
          title={texts.peaks}
          maximum={maximum(({ peakPeople }) => peakPeople, ({ peakMeetings }) => peakMeetings)}
          lines={[
            { name: texts.peakPeople, points: points(({ peakPeople }) => peakPeople) },
            { name: texts.peakMeetings, points: points(({ peakMeetings }) => peakMeetings) },
          ]}
        />
      </div>
    </>
  );
}

function Export({ span, month, now }: { readonly span: Span; readonly month: string; readonly now: number }) {
  const texts = useMeetingAdminMessages().usage;
  const { api } = useSession();
  const { locale } = useLocale();
  const { error, isPending, run } = useAttempt();
  const { from, to } = searchOf(span, now);
  const save = (name: string, load: () => Promise<Blob>) => () =>
    void run(async () => {
      saveFile(await load(), `usage-${name}.csv`);
    });
  return (
    <div>
      <Menu
        label={texts.exportLabel}
        placement="bottom end"
        trigger={
          <Button icon={<Download aria-hidden />} isPending={isPending}>
            {texts.export}
          </Button>
        }
      >
        <MenuItem onAction={save(`${from}-${to}-by-day`, () => api.meetingsAdministration.usageTable({ by: "day", from, to }))}>
          {texts.byDay}
        </MenuItem>
        <MenuItem
          onAction={save(`${from}-${to}-by-month`, () => api.meetingsAdministration.usageTable({ by: "month", from, to }))}
        >
          {texts.byMonth}
        </MenuItem>
        <MenuItem onAction={save(`${month}-hosts`, () => api.meetingsAdministration.hostUsageTable(month))}>
          {texts.byHost(monthName(month, locale))}
        </MenuItem>
      </Menu>
      <Failure error={error} />
    </div>
  );
}
