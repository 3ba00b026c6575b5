import type { CandidatePair, RoomParticipant } from "@parley/sdk";
import { useLocale } from "react-aria-components";
import { niceMaximum } from "../graphs/geometry.js";
import { Graph } from "../graphs/Graph.js";
import { problemText, useMessages } from "../messages/catalogue.js";
import { bitrateText, millisecondsText, percentText } from "../messages/numbers.js";
import { Notice } from "../ui/Notice.js";
import { pointsOf, type LayerTrace, type Sample } from "./history.js";
import type { Maxima, Times } from "./PeopleTable.js";
import styles from "./PersonDetails.module.css";
import { usePersonHistory } from "./watching.js";

interface PersonDetailsProps {
  readonly meetingId: string;
  readonly participantId: string;
  readonly name: string;
  readonly samples: readonly Sample[];
  readonly participants: readonly RoomParticipant[];
  readonly maxima: Maxima;
  readonly times: Times;
}

/** All graphs of one person, and what they are sent of each picture. */
export function PersonDetails(props: PersonDetailsProps) {
  const { meetingId, participantId, name, samples, participants, maxima, times } = props;
  const messages = useMessages();
  const texts = messages.live;
  const { locale } = useLocale();
  const { value: seen, error } = usePersonHistory(meetingId, participantId);
  const estimates = pointsOf(samples, (each) => each.availableOutgoingBitrate);
  const rates = samples.flatMap(({ summary }) => [summary.inboundBitrate, summary.outboundBitrate]);
  return (
    <section aria-label={texts.details(name)} className={styles.details}>
      <div className={styles.graphs}>
        <Graph
          {...times}
          title={texts.bitrate}
          text={(value) => bitrateText(value, locale)}
          maximum={niceMaximum([...rates, ...estimates.map(({ value }) => value)], 500_000)}
          lines={[
            { name: texts.sent, points: pointsOf(samples, (each) => each.inboundBitrate) },
            { name: texts.received, points: pointsOf(samples, (each) => each.outboundBitrate) },
            { name: texts.estimate, points: estimates },
          ]}
        />
        <Graph
          {...times}
          title={texts.loss}
          text={(value) => percentText(value, locale)}
          maximum={maxima.loss}
          lines={[
            { name: texts.lossSent, points: pointsOf(samples, (each) => each.inboundFractionLost) },
            { name: texts.lossReceived, points: pointsOf(samples, (each) => each.outboundFractionLost) },
          ]}
        />
        <Graph
          {...times}
          title={texts.roundTrip}
          text={(value) => millisecondsText(value, locale)}
          maximum={maxima.roundTrip}
          lines={[{ name: texts.roundTrip, points: pointsOf(samples, (each) => each.roundTripTime) }]}
        />
      </div>
      {error !== null && (
        <Notice tone="warning" title={texts.roomFailed}>
          {problemText(messages, error)}
        </Notice>
      )}
      {seen.latest !== null && (
        <>
          <h3 className={styles.heading}>{texts.layers}</h3>
          <p className={styles.lead}>{seen.layers.traces.length === 0 ? texts.noLayers : texts.layersLead}</p>
          <div className={styles.graphs}>
            {seen.layers.traces.map((trace) => (
              <Layers key={trace.trackId} trace={trace} participants={participants} {...times} />
            ))}
          </div>
          <h3 className={styles.heading}>{texts.ways}</h3>
          <ul className={styles.ways}>
            {seen.latest.candidatePairs.map((pair) => (
              <Way key={pair.connection} pair={pair} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

interface LayersProps extends Times {
  readonly trace: LayerTrace;
  readonly participants: readonly RoomParticipant[];
}

function Layers({ trace, participants, from, until }: LayersProps) {
  const messages = useMessages();
  const texts = messages.live;
  const publisher = participants.find(({ id }) => id === trace.publisherId);
  const source = publisher?.tracks.find(({ id }) => id === trace.trackId)?.source ?? "camera";
  const highest = Math.max(1, ...trace.samples.map(({ layer, expected }) => Math.max(layer, expected ?? 0)));
  return (
    <Graph
      title={texts.layerOf(publisher?.name ?? "…", messages.connection.sources[source])}
      from={from}
      until={until}
      maximum={highest}
      ticks={Array.from({ length: highest }, (_, layer) => layer + 1)}
      isStepped
      text={(value) => (value === 0 ? texts.nothing : texts.layerName(value - 1))}
      lines={[
        { name: texts.layer, points: trace.samples.map(({ at, layer }) => ({ at, value: layer })) },
        { name: texts.expected, points: trace.samples.map(({ at, expected }) => ({ at, value: expected })) },
      ]}
    />
  );
}

function Way({ pair }: { readonly pair: CandidatePair }) {
  const texts = useMessages().live;
  const how = [pair.protocol?.toUpperCase(), pair.addressFamily].filter((part) => part !== undefined && part !== null);
  return (
    <li>
      {texts.connections[pair.connection]}: {[texts.states[pair.state], ...how].join(", ")}
    </li>
  );
}
