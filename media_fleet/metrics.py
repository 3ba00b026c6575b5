"""What a media node counts: the reference is docs/metrics.md, which is written from here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from packet_core import CoreStats, PacketCore
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from telemetry.metrics import SECONDS, Metrics, Row, write_table

PREFIX: Final = "parley_node"
METRICS = Metrics(PREFIX)

PARTICIPANTS = METRICS.gauge("participants", "Participants on this node.")
MEETINGS = METRICS.gauge("meetings", "Meetings on this node.")
LOAD = METRICS.gauge(
    "load",
    "How busy the node is, 0 to 1: the greatest of the shares in use of its places, of the machine's processors, of "
    "the interpreter's, and of the processor and packets of its least loaded thread, which the next meeting goes to.",
)
CLOCK_APART = METRICS.gauge(
    "clock_apart_seconds",
    "How far Redis's clock, which all go by, is ahead of this machine's: above 1, either way, one of them is wrong.",
)
DRAINING = METRICS.gauge("draining", "1 from SIGTERM on: no new meetings come.")
MESSAGES_WAITING = METRICS.gauge("messages_waiting", "Answers and reports that are not sent to gateways yet.")

REQUEST_SECONDS = METRICS.histogram(
    "request_seconds",
    "The node's own time for gateways' requests. `code`: `ok`, or the code of the refusal.",
    "request",
    "code",
    buckets=(*SECONDS, 10.0),
)
DROPPED_REQUESTS = METRICS.counter(
    "dropped_requests", "Requests not carried out. `reason`: `late` (past their deadline) or `malformed`.", "reason"
)
DROPPED_MESSAGES = METRICS.counter(
    "dropped_messages", "Answers and reports given up because Redis was away for too long."
)
LEASE_FAILURES = METRICS.counter(
    "lease_failures", "Renewals of the lease that failed: above a few in a row, gateways take the node for lost."
)
TRANSPORT_FAILURES = METRICS.counter(
    "transport_failures", "Transports that ended by themselves: silent, or DTLS failed or closed.", "transport"
)

LINKS = METRICS.gauge("links", "Other nodes with which meetings are shared and that are heard.")
LINKS_LOST = METRICS.counter("links_lost", "Links to other nodes on which nothing came any more for 3.5 s.")

STARVED = METRICS.counter(
    "starved_subscriptions",
    "Tracks that a subscriber's path does not carry any more, not even their lowest layer (`state`: `starved`), or "
    "does again (`fed`).",
    "state",
)

QUALITY = METRICS.gauge(
    "connection_quality",
    "Participants whose connection is `excellent`, `good`, `poor` or `lost` (`level`).",
    "level",
)
STARVING = METRICS.gauge("starving_subscriptions", "Tracks that subscribers' paths do not carry at the moment.")
CAMERAS_LEFT_OUT = METRICS.gauge(
    "cameras_left_out",
    "Cameras that participants want and are not sent, since they are to see so many at the most, counted once for each "
    "participant.",
)
LOSS = METRICS.histogram(
    "participant_loss_ratio",
    "Packets lost of each participant's, 0 to 1, once for each look at them: of what they send (`direction`: `in`), or "
    "receive (`out`).",
    "direction",
    buckets=(0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
)
ROUND_TRIP = METRICS.histogram(
    "participant_round_trip_seconds",
    "From the node to each participant and back, by their reports, once for each look at them.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0),
)
ESTIMATE = METRICS.histogram(
    "participant_estimate_bits_per_second",
    "What each participant's path carries, as it is estimated, once for each look at them.",
    buckets=(100e3, 300e3, 600e3, 1e6, 2e6, 4e6, 8e6, 16e6),
)

DATA_CHANNELS = METRICS.gauge("data_channels", "Data channels that are open.")
DATA_MESSAGES = METRICS.counter(
    "data_messages",
    "Messages that came on data channels. `channel`: its label; `code`: `ok`, or the code of the refusal.",
    "channel",
    "code",
)
DATA_SENDS = METRICS.counter(
    "data_sends",
    "Messages for data channels, once for each receiver. `outcome`: `sent`, `no_channel` (the receiver has none), "
    "`dropped` (lossy, and the receiver slow) or `closed` (reliable, and the receiver too slow to keep it).",
    "channel",
    "outcome",
)

RECORDINGS = METRICS.gauge("recordings", "Recordings that this node is making.")
RECORDINGS_FAILED = METRICS.counter("recordings_failed", "Recorders that could not go on, or were lost.")
RECORDERS_RESTARTED = METRICS.counter(
    "recorders_restarted",
    "Recorders that were lost and in whose place another one has gone on: their recordings have a gap.",
)
RECORDED_SECONDS = METRICS.counter(
    "recorded_seconds",
    "How much has been recorded. `role`: `tracks`, `composite` or `audio`. Where its rate is below that "
    "of recordings that are made, they stand still.",
    "role",
)
COMPOSITE_BEHIND = METRICS.gauge(
    "composite_behind_seconds",
    "How much later than need be the latest composition is: above 0.5 pictures are left out.",
)
PIECES = METRICS.counter(
    "recording_pieces",
    "Pieces of recordings that are being made. `outcome`: `brought` to the bucket, or `failed`, which are tried again.",
    "outcome",
)
PIECES_BEHIND = METRICS.gauge(
    "recording_behind_bytes",
    "What is written of recordings that are being made and could not be brought to the bucket: a node that is lost "
    "takes it along.",
)
RECORDINGS_RESCUED = METRICS.counter(
    "recordings_rescued",
    "Parts of recordings of nodes that were lost, put together here from their pieces. `outcome`: `restored` or "
    "`failed`.",
    "outcome",
)
COMPOSITE_PICTURES = METRICS.counter(
    "composite_pictures",
    "Pictures of composite recordings and of broadcasts. `outcome`: `drawn`, or `dropped` where drawing and encoding "
    "did not keep up: give the node more processors, or composites fewer pixels.",
    "outcome",
)
BROADCASTS = METRICS.gauge("broadcasts", "Meetings that this node streams out.")
BROADCASTS_FAILED = METRICS.counter("broadcasts_failed", "Broadcasts that ended because no broadcaster goes on.")
BROADCASTERS_RESTARTED = METRICS.counter(
    "broadcasters_restarted",
    "Broadcasters that were lost and in whose place another one has gone on: those who watch have a gap.",
)
BROADCAST_SECONDS = METRICS.counter(
    "broadcast_seconds", "How much has been streamed out. Below the rate of `broadcasts`, it stands still."
)
BROADCAST_BEHIND = METRICS.gauge(
    "broadcast_behind_seconds",
    "How much later than need be the latest broadcast is: above 0.5 pictures are left out.",
)
BROADCAST_TARGETS = METRICS.gauge(
    "broadcast_targets", "Servers that get broadcasts by RTMP: `connecting`, `live` or `failed` (`state`).", "state"
)
BROADCAST_DROPPED = METRICS.counter(
    "broadcast_packets_dropped", "Encoded packets that a server was not sent, since it did not take those before."
)
INGRESSES = METRICS.gauge(
    "ingresses", "Streams that may come into meetings here. `state`: `waiting`, `connecting` or `live`.", "state"
)
INGRESSES_FAILED = METRICS.counter("ingresses_failed", "Streams that could not be brought in, or not any more.")
INGESTED_PICTURES = METRICS.counter(
    "ingested_pictures",
    "Pictures of streams that are brought in. `outcome`: `sent`, or `dropped` where decoding and encoding did not keep "
    "up: give the node more processors, or pictures fewer pixels.",
    "outcome",
)
INGESTED_SOUND = METRICS.counter("ingested_sound_seconds", "Sound of streams that was brought in.")
INGESTING_BUSY = METRICS.counter("ingesting_cpu_seconds", "Processor time of the processes that bring streams in.")
RTMP_CONNECTIONS = METRICS.counter(
    "rtmp_connections",
    "Connections on the port for RTMP. `outcome`: `taken`, `refused` (no stream is expected by this key, or the node "
    "has no room for one more), `dropped` (too many showed no key: the oldest went), or `broken`.",
    "outcome",
)
TRANSCODERS = METRICS.gauge(
    "transcoders", "Transcoders that are running. `kind`: `video`, `sound`, or `layer` for a smaller picture.", "kind"
)
TRANSCODERS_LOST = METRICS.counter(
    "transcoders_lost", "Transcoders that ended by themselves: another one goes on, three times within a minute."
)
TRANSCODINGS_REFUSED = METRICS.counter(
    "transcodings_refused",
    "Tracks that participants cannot be given in a codec that they take, since the node has no place for another "
    "transcoder, or it fails: give the node more processors, or spread meetings.",
)
TRANSCODED_PICTURES = METRICS.counter(
    "transcoded_pictures",
    "Pictures that were transcoded. `outcome`: `made`, or `dropped` where the transcoder did not keep up.",
    "outcome",
)
TRANSCODED_SOUND = METRICS.counter("transcoded_sound_seconds", "Sound that was transcoded.")
TRANSCODING_DELAY = METRICS.counter(
    "transcoding_delay_seconds",
    "From when pictures were whole to when they were sent on in the other codec, of all together: by "
    "`transcoded_pictures_total` it is what a transcoder adds to the delay of one.",
)
TRANSCODING_BUSY = METRICS.counter("transcoding_cpu_seconds", "Processor time of transcoders.")
MIXERS = METRICS.gauge("mixers", "Mixers of sound that are running: one for each room where somebody listens to a mix.")
MIXERS_LOST = METRICS.counter(
    "mixers_lost", "Mixers that ended by themselves: another one goes on, three times within a minute."
)
MIXED_SOUND = METRICS.counter(
    "mixed_sound_seconds", "Sound that mixers encoded: one mix for all, and one for each listener who is heard."
)
MIXED_SOUND_LATE = METRICS.counter(
    "mixed_sound_late", "Packets of sound that came to a mixer too late to be heard: paths to the node are unsteady."
)
MIXING_SKIPPED = METRICS.counter(
    "mixing_skipped_seconds", "Sound that mixers left out since there was no time for it: the node is too busy."
)
MIXING_BUSY = METRICS.counter("mixing_cpu_seconds", "Processor time of mixers.")
UPLOADS_WAITING = METRICS.gauge(
    "uploads_waiting", "Finished recordings that are not in the bucket yet: above a few for long, it cannot be reached."
)

_COUNTERS: Final = {
    "datagrams_received": "Datagrams received.",
    "bytes_received": "Bytes of those datagrams.",
    "datagrams_sent": "Datagrams sent.",
    "bytes_sent": "Bytes of those datagrams.",
    "send_calls": "System calls that sent them: the fewer, the better the batches.",
    "send_failures": "Datagrams that could not be sent, those included that a TCP connection had no room for.",
    "handed_over": "Datagrams that the kernel gave to another thread than the one whose they are, which has them now.",
    "hand_over_drops": "Datagrams for which that one had no room: it does not keep up.",
    "connections_refused": "TCP connections closed because they were too many, or no authentic check came.",
    "rtp_received": "Media packets received, and authentic.",
    "rtp_forwarded": "Media packets forwarded, counted once for each subscriber.",
    "rtcp_received": "RTCP packets received.",
    "stun_answered": "STUN requests answered.",
    "nacks_sent": "Lost packets asked of publishers.",
    "nacks_received": "Lost packets asked for by subscribers.",
    "rtx_sent": "Packets sent again to subscribers.",
    "rtx_received": "Packets sent again by publishers.",
    "key_frames_requested": "Key frames asked of publishers.",
    "key_frames_asked_for": "Key frames asked for by subscribers.",
    "padding_sent": "Packets of padding sent to find out what subscribers' paths carry.",
    "dropped_malformed": "Datagrams dropped: not of a form that is known.",
    "dropped_unknown_address": "Datagrams dropped: from an address that no transport has.",
    "dropped_stun_integrity": "STUN messages dropped: not signed with the transport's password.",
    "dropped_authentication": "Media packets dropped: not authentic.",
    "dropped_replayed": "Media packets dropped: seen before, or too old to tell.",
    "dropped_unknown_ssrc": "Media packets dropped: of no track that was negotiated.",
    "sound_silent": "Packets of sound that came and were not forwarded: silence.",
    "sound_surplus": "Packets of sound that came and were not forwarded: as many microphones as may were forwarded.",
    "commands_ignored": "Commands to the packet core about what was gone already.",
}
_GAUGES: Final = {
    "connections": "TCP connections (ICE-TCP).",
    "transports": "ICE and DTLS transports.",
    "tracks": "Published tracks.",
    "subscriptions": "Tracks that participants receive, counted once for each participant.",
    "tracks_unheard": "Tracks of sound that are not forwarded at the moment: silent, or more than may be.",
    "layers_paused": "Layers that their publishers were told not to send, since nobody can use them.",
}
_THREAD_CPU: Final = ("thread_cpu_seconds", "Processor time of each of the packet core's threads.")
_THREAD_DATAGRAMS: Final = (
    "thread_datagrams",
    "Datagrams that each thread has received for itself or others, and sent.",
)
_THREAD_TRANSPORTS: Final = ("thread_transports", "ICE and DTLS transports in each thread.")
_THREAD_ANSWERS: Final = (
    "thread_answers",
    "1 while a thread of the packet core answers; 0: it is stuck, or has ended.",
)


class CoreCollector(Collector):
    """Reads the packet core's own numbers when they are asked for."""

    def __init__(self, core: PacketCore) -> None:
        self._core = core

    def collect(self) -> Iterable[Metric]:
        """All numbers, as of one moment; where a thread does not answer, those that need all of them are missing."""
        told = self._core.thread_stats()
        threads = [stats for stats in told if stats is not None]
        if len(threads) == len(told):
            for name, text in _COUNTERS.items():
                total = sum(getattr(stats, name) for stats in threads)
                yield CounterMetricFamily(f"{PREFIX}_{name}", text, value=total)
            for name, text in _GAUGES.items():
                total = sum(getattr(stats, name) for stats in threads)
                yield GaugeMetricFamily(f"{PREFIX}_{name}", text, value=total)
        yield from _of_threads(told)


def _of_threads(told: Sequence[CoreStats | None]) -> Iterator[Metric]:
    answers = GaugeMetricFamily(f"{PREFIX}_{_THREAD_ANSWERS[0]}", _THREAD_ANSWERS[1], labels=["thread"])
    cpu = CounterMetricFamily(f"{PREFIX}_{_THREAD_CPU[0]}", _THREAD_CPU[1], labels=["thread"])
    datagrams = CounterMetricFamily(
        f"{PREFIX}_{_THREAD_DATAGRAMS[0]}", _THREAD_DATAGRAMS[1], labels=["thread", "direction"]
    )
    transports = GaugeMetricFamily(f"{PREFIX}_{_THREAD_TRANSPORTS[0]}", _THREAD_TRANSPORTS[1], labels=["thread"])
    for thread, stats in enumerate(told):
        name = str(thread)
        answers.add_metric([name], stats is not None)
        if stats is not None:
            cpu.add_metric([name], stats.cpu_seconds)
            datagrams.add_metric([name, "in"], stats.datagrams_received)
            datagrams.add_metric([name, "out"], stats.datagrams_sent)
            transports.add_metric([name], stats.transports)
    yield from (answers, cpu, datagrams, transports)


def rows() -> Iterator[Row]:
    """All that a node counts, for the reference."""
    yield from METRICS.rows()
    for name, text in _GAUGES.items():
        yield f"{PREFIX}_{name}", "gauge", "", text
    for name, text in _COUNTERS.items():
        yield f"{PREFIX}_{name}_total", "counter", "", text
    for (name, text), kind, labels in (
        (_THREAD_ANSWERS, "gauge", "`thread`"),
        (_THREAD_TRANSPORTS, "gauge", "`thread`"),
        (_THREAD_CPU, "counter", "`thread`"),
        (_THREAD_DATAGRAMS, "counter", "`thread`, `direction`"),
    ):
        yield f"{PREFIX}_{name}{'_total' if kind == 'counter' else ''}", kind, labels, text


if __name__ == "__main__":
    write_table(PREFIX, rows())
