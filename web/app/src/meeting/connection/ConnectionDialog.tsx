import type { ParticipantState } from "@parley/sdk";
import { useEffect, useState } from "react";
import { useLocale } from "react-aria-components";
import { useMessages } from "../../messages/catalogue.js";
import { bitrateText, millisecondsText, percentText } from "../../messages/numbers.js";
import { Dialog } from "../../ui/Dialog.js";
import { SignalIcon } from "../../ui/SignalIcon.js";
import { useRoom } from "../meeting-room.js";
import {
  roundTripOf,
  streamsOf,
  verdictOn,
  type Measurement,
  type StreamDetails,
} from "./connection-details.js";
import styles from "./ConnectionDialog.module.css";

const MEASURE_MS = 1_000;

interface ConnectionDialogProps {
  readonly participantId: string | null;
  readonly onClose: () => void;
}

/** How somebody's connection is, whose it is if it is weak, and the numbers for who wants to know. */
export function ConnectionDialog({ participantId, onClose }: ConnectionDialogProps) {
  const texts = useMessages().connection;
  const { state } = useRoom();
  const participant = state.participants.find(({ id }) => id === participantId) ?? null;
  return (
    <Dialog
      title={participant === null || participant.isSelf ? texts.ownTitle : texts.titleOf(participant.name)}
      isOpen={participant !== null}
      onClose={onClose}
    >
      {participant !== null && <Connection participant={participant} />}
    </Dialog>
  );
}

function Connection({ participant }: { readonly participant: ParticipantState }) {
  const texts = useMessages().connection;
  const { state } = useRoom();
  const level = participant.connectionQuality;
  const verdict = verdictOn(participant, state.participants);
  return (
    <>
      <p className={styles.level}>
        {level !== null && <SignalIcon level={level} />}
        {level === null ? texts.unknown : texts.levels[level]}
      </p>
      {verdict !== "unknown" && <p className={styles.verdict}>{texts.verdicts[verdict](participant.name)}</p>}
      <Numbers participant={participant} />
    </>
  );
}

function Numbers({ participant }: { readonly participant: ParticipantState }) {
  const messages = useMessages();
  const texts = messages.connection;
  const { locale } = useLocale();
  const measured = useMeasurements();
  if (measured === null) return <p className={styles.verdict}>{messages.common.loading}</p>;
  const streams = streamsOf(participant, measured.now, measured.before);
  const roundTrip = roundTripOf(participant, measured.now.stats);
  return (
    <>
      <table className={styles.numbers}>
        <caption className="visually-hidden">{texts.numbers}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.stream}</th>
            <th scope="col">{texts.bitrate}</th>
            <th scope="col">{texts.loss}</th>
            <th scope="col">{texts.picture}</th>
          </tr>
        </thead>
        <tbody>
          {streams.map((stream) => (
            <Row key={stream.source} stream={stream} />
          ))}
          {streams.length === 0 && (
            <tr>
              <td colSpan={4}>{texts.nothing}</td>
            </tr>
          )}
        </tbody>
      </table>
      <p className={styles.roundTrip}>
        {texts.roundTrip(roundTrip === null ? "–" : millisecondsText(roundTrip, locale))}
      </p>
    </>
  );
}

function Row({ stream }: { readonly stream: StreamDetails }) {
  const texts = useMessages().connection;
  const { locale } = useLocale();
  const { width, height, framesPerSecond, codec } = stream;
  const size = width === null || height === null ? null : `${width} × ${height}`;
  const rate = framesPerSecond === null ? null : texts.frames(Math.round(framesPerSecond));
  return (
    <tr>
      <th scope="row">
        {texts.sources[stream.source]}
        {codec !== null && <span className={styles.codec}>{codec}</span>}
      </th>
      <td>{stream.bitrate === null ? "–" : bitrateText(stream.bitrate, locale)}</td>
      <td>{stream.loss === null ? "–" : percentText(stream.loss, locale)}</td>
      <td>{[size, rate].filter((part) => part !== null).join(", ") || "–"}</td>
    </tr>
  );
}

/** The newest two measurements of the browser, a second apart; null before the first. */
function useMeasurements(): { readonly now: Measurement; readonly before: Measurement | null } | null {
  const { room } = useRoom();
  const [measured, setMeasured] = useState<{ now: Measurement; before: Measurement | null } | null>(null);
  useEffect(() => {
    let isCurrent = true;
    const measure = () => {
      room.getStats().then(
        (stats) => {
          if (!isCurrent) return;
          setMeasured((last) => ({ now: { at: performance.now(), stats }, before: last?.now ?? null }));
        },
        // A connection that is just being made anew: the next measurement follows.
        () => undefined,
      );
    };
    measure();
    const timer = setInterval(measure, MEASURE_MS);
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, [room]);
  return measured;
}
