import type { ParticipantSummary, RoomParticipant } from "@parley/sdk";
import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { Button as AriaButton, useLocale } from "react-aria-components";
import { niceMaximum } from "../graphs/geometry.js";
import { Sparkline } from "../graphs/Sparkline.js";
import { useMessages } from "../messages/catalogue.js";
import { bitrateText, millisecondsText, percentText } from "../messages/numbers.js";
import { Button } from "../ui/Button.js";
import { cx } from "../ui/class-names.js";
import { SignalIcon } from "../ui/SignalIcon.js";
import { beginOf, pointsOf, type RoomHistory, type Sample } from "./history.js";
import styles from "./PeopleTable.module.css";
import { PersonDetails } from "./PersonDetails.js";

const ROWS = 50;
/** No axis is shorter: small troubles are not to look like great ones. */
const LEAST = { bitrate: 500_000, loss: 0.05, roundTrip: 0.1 };

interface PeopleTableProps {
  readonly meetingId: string;
  readonly history: RoomHistory;
  readonly summaries: readonly ParticipantSummary[];
  readonly participants: readonly RoomParticipant[];
  readonly until: number;
}

/** One scale for all lines of a column, so that people can be compared. */
export interface Maxima {
  readonly bitrate: number;
  readonly loss: number;
  readonly roundTrip: number;
}

/** What the graphs show, milliseconds since the epoch. */
export interface Times {
  readonly from: number;
  readonly until: number;
}

function maximaOf({ people }: RoomHistory): Maxima {
  const all = [...people.values()].flatMap((samples) => samples.map(({ summary }) => summary));
  return {
    bitrate: niceMaximum(all.flatMap((each) => [each.inboundBitrate, each.outboundBitrate]), LEAST.bitrate),
    loss: niceMaximum(all.flatMap((each) => [each.inboundFractionLost, each.outboundFractionLost]), LEAST.loss),
    roundTrip: niceMaximum(all.map((each) => each.roundTripTime), LEAST.roundTrip),
  };
}

/** Everybody, one row each, with how it went; a row opens to all of its graphs. */
export function PeopleTable({ meetingId, history, summaries, participants, until }: PeopleTableProps) {
  const messages = useMessages();
  const texts = messages.live;
  const { locale } = useLocale();
  const [limit, setLimit] = useState(ROWS);
  const [openId, setOpenId] = useState<string | null>(null);
  const maxima = maximaOf(history);
  const times = { from: beginOf(history), until };
  return (
    <>
      <table role="table" className={styles.table}>
        <caption className="visually-hidden">{texts.peopleTitle}</caption>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">
              {texts.person}
            </th>
            <Heading title={texts.bitrate} maximum={bitrateText(maxima.bitrate, locale)} />
            <Heading title={texts.loss} maximum={percentText(maxima.loss, locale)} />
            <Heading title={texts.roundTrip} maximum={millisecondsText(maxima.roundTrip, locale)} />
            <th role="columnheader" scope="col">
              {texts.pictures}
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {summaries.slice(0, limit).map((summary) => (
            <PersonRows
              key={summary.participantId}
              meetingId={meetingId}
              summary={summary}
              samples={history.people.get(summary.participantId) ?? []}
              participants={participants}
              maxima={maxima}
              times={times}
              isOpen={openId === summary.participantId}
              onToggle={(isOpen) => {
                setOpenId(isOpen ? summary.participantId : null);
              }}
            />
          ))}
        </tbody>
      </table>
      {summaries.length > limit && (
        <Button
          onPress={() => {
            setLimit(limit + ROWS);
          }}
        >
          {messages.common.more}
        </Button>
      )}
    </>
  );
}

function Heading({ title, maximum }: { readonly title: string; readonly maximum: string }) {
  const texts = useMessages().live;
  return (
    <th role="columnheader" scope="col">
      {title} <span className={styles.scale}>{texts.upTo(maximum)}</span>
    </th>
  );
}

interface PersonRowsProps {
  readonly meetingId: string;
  readonly summary: ParticipantSummary;
  readonly samples: readonly Sample[];
  readonly participants: readonly RoomParticipant[];
  readonly maxima: Maxima;
  readonly times: Times;
  readonly isOpen: boolean;
  readonly onToggle: (isOpen: boolean) => void;
}

function PersonRows(props: PersonRowsProps) {
  const { meetingId, summary, samples, participants, maxima, times, isOpen, onToggle } = props;
  const texts = useMessages().live;
  const { locale } = useLocale();
  const name = participants.find(({ id }) => id === summary.participantId)?.name ?? "…";
  const loss = (share: number | null) => (share === null ? "–" : percentText(share, locale));
  const { inboundBitrate, outboundBitrate, inboundFractionLost, outboundFractionLost, roundTripTime } = summary;
  return (
    <>
      <tr role="row" className={cx(styles.row, isOpen && styles.open)} data-participant-id={summary.participantId}>
        <th role="rowheader" scope="row" className={styles.person}>
          <AriaButton
            className={styles.toggle}
            aria-expanded={isOpen}
            aria-label={texts.details(name)}
            onPress={() => {
              onToggle(!isOpen);
            }}
          >
            <span className={styles.name}>{name}</span>
            <ChevronDown aria-hidden />
          </AriaButton>
          <span className={styles.level}>
            <SignalIcon level={summary.level} />
            {texts.counts[summary.level]}
          </span>
        </th>
        <Cell
          label={texts.bitrate}
          lines={[pointsOf(samples, (each) => each.inboundBitrate), pointsOf(samples, (each) => each.outboundBitrate)]}
          maximum={maxima.bitrate}
          times={times}
          values={[
            [texts.sent, bitrateText(inboundBitrate, locale)],
            [texts.received, bitrateText(outboundBitrate, locale)],
          ]}
        />
        <Cell
          label={texts.loss}
          lines={[
            pointsOf(samples, (each) => each.inboundFractionLost),
            pointsOf(samples, (each) => each.outboundFractionLost),
          ]}
          maximum={maxima.loss}
          times={times}
          values={[
            [texts.sent, loss(inboundFractionLost)],
            [texts.received, loss(outboundFractionLost)],
          ]}
        />
        <Cell
          label={texts.roundTrip}
          lines={[pointsOf(samples, (each) => each.roundTripTime)]}
          maximum={maxima.roundTrip}
          times={times}
          values={[["", roundTripTime === null ? "–" : millisecondsText(roundTripTime, locale)]]}
        />
        <td role="cell" className={styles.pictures}>
          <span className={styles.label}>{texts.pictures}</span>
          {summary.pictures === 0
            ? texts.noPictures
            : texts.picturesOf(summary.pictures - summary.picturesBelow, summary.pictures)}
        </td>
      </tr>
      {isOpen && (
        <tr role="row">
          <td role="cell" colSpan={5} className={styles.details}>
            <PersonDetails
              meetingId={meetingId}
              participantId={summary.participantId}
              name={name}
              samples={samples}
              participants={participants}
              maxima={maxima}
              times={times}
            />
          </td>
        </tr>
      )}
    </>
  );
}

interface CellProps {
  /** Shown where the table has no headings: on a phone. */
  readonly label: string;
  readonly lines: Parameters<typeof Sparkline>[0]["lines"];
  readonly maximum: number;
  readonly times: Times;
  readonly values: readonly (readonly [name: string, value: string])[];
}

function Cell({ label, lines, maximum, times, values }: CellProps) {
  return (
    <td role="cell" className={styles.cell}>
      <span className={styles.label} aria-hidden>
        {label}
      </span>
      <Sparkline {...times} lines={lines} maximum={maximum} />
      <span className={styles.values}>
        {values.map(([name, value], index) => (
          <span key={name} className={styles[`value${index}`]}>
            {name !== "" && <span className={styles.what}>{name} </span>}
            {value}
          </span>
        ))}
      </span>
    </td>
  );
}
