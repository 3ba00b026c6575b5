"""The border between the control plane (Python) and the packet plane (Rust).

`PacketCore` owns one UDP port and the I/O threads that serve it, which never take the interpreter's lock. Python gives it rules (transports, tracks,
subscriptions); media packets flow by those rules and never enter Python. What Python must know comes back as events, many at a time,
through one descriptor that asyncio watches.

Each thread forwards by itself. What belongs together (a meeting) is in one: a transport is in the thread that its ufrag means (`ufrag_start`),
tracks and subscriptions are where their transports are. One address is all that clients see (docs/decisions/0025-threads-that-share-a-port.md).

Methods return at once: a command is queued for its I/O thread, in order. Ids are small integers, never used twice in one
`PacketCore`. A command about an id that has been removed meanwhile is ignored and counted (`stats`), since removals race with
everything. Arguments that can never be right raise `ValueError` at the call.

Who does what: the core answers STUN (ICE-lite, RFC 8445), demultiplexes (RFC 7983), protects and unprotects SRTP and SRTCP (RFC 3711,
RFC 7714), learns the SSRCs of simulcast layers from mid and rid, forwards, rewrites, repairs (NACK, RTX), asks for
key frames and throttles such asking, sends receiver reports, transport-wide feedback and translated sender reports. It knows nothing of SDP, DTLS, meetings
or people.
"""

from typing import Literal, Self, final

SrtpProfile = Literal["AEAD_AES_128_GCM", "SRTP_AES128_CM_HMAC_SHA1_80"]
Kind = Literal["audio", "video"]
Codec = Literal["opus", "VP8", "H264", "VP9", "AV1"]

class PacketCoreError(Exception):
    """The core cannot do what was asked: the address is taken, or an I/O thread is gone."""

class PacketCoreSilentError(PacketCoreError):
    """An I/O thread has not answered for 1.5 s: it is stuck."""

@final
class PacketCore:
    def __new__(
        cls,
        *,
        bind_addresses: list[str],
        port: int,
        tcp_port: int | None = None,
        consent_timeout_ms: int = 15_000,
        last_n_audio: int = 0,
        threads: int = 1,
    ) -> Self:
        """Binds a UDP port (0: any free one), listens for connections (ICE-TCP, RFC 6544), and starts the I/O threads, 64 at the most.

        ``bind_addresses``: one for each version of IP that is served; ``0.0.0.0`` or ``::`` without effect where the machine does not have that version.
        ``tcp_port``: 0 for the UDP port's number; None for no TCP.
        ``last_n_audio``: of the microphones in one group (`set_track_group`) so many are forwarded at the most; 0: any number. Silence is not
        forwarded at all (level 127 of RFC 6464, or Opus of two bytes and less), but for 200 ms after a sound. What is left out leaves no gap in the
        numbers that subscribers see. A track whose packets carry no level is always forwarded, and takes no place.
        ``consent_timeout_ms``: a transport that has seen no authenticated STUN check for so long is lost (RFC 7675: 30 s at the most).

        Raises:
            PacketCoreError: an address cannot be bound; the text names them and the cause.
        """

    @property
    def local_port(self) -> int:
        """The UDP port that is bound."""

    @property
    def local_tcp_port(self) -> int | None:
        """The TCP port that is listened at; None without TCP."""

    @property
    def threads(self) -> int:
        """How many I/O threads there are."""

    def ufrag_start(self, thread: int) -> str:
        """The character with which the ufrag of a transport begins that is to be in a thread, counted from 0.

        Any ufrag means one of the threads; where there is one thread they all mean that.

        Raises:
            ValueError: there is no such thread.
        """

    def event_fd(self) -> int:
        """A descriptor that is readable while events wait. Owned by the core; closed by `close`."""

    def drain_events(self, limit: int = 4096) -> list[Event]:
        """The waiting events, oldest first among those of a thread, at most ``limit``. Clears the descriptor when none is left.

        Raises:
            PacketCoreError: a thread has ended by itself. The descriptor stays readable.
        """

    def close(self) -> None:
        """Stops the I/O threads and closes the sockets; a thread that is stuck is left behind after 1.5 s. Safe to call twice; any other call afterwards raises `PacketCoreError`."""

    # ---- transports: one ICE and DTLS association each ----

    def add_transport(self, *, ice_ufrag: str, ice_pwd: str) -> int:
        """A transport that answers STUN checks for this local ufrag, with integrity by this local password.

        Raises:
            ValueError: ufrag or password is not of the form and length of RFC 8839, 5.4; or the ufrag is in use.
        """

    def restart_ice(self, transport: int, *, ice_ufrag: str, ice_pwd: str) -> None:
        """New local credentials (RFC 8445, 2.4). The old ones, and the old address, hold until a check with the new ones is nominated.

        Raises:
            ValueError: as `add_transport`; or the ufrag means another thread.
        """

    def send_dtls(self, transport: int, datagrams: list[bytes]) -> None:
        """Sends DTLS records to the transport's address. Dropped (DTLS retransmits) while no address is known."""

    def set_srtp_keys(
        self,
        transport: int,
        *,
        profile: SrtpProfile,
        receive_key: bytes,
        receive_salt: bytes,
        send_key: bytes,
        send_salt: bytes,
    ) -> None:
        """Master keys and salts from the DTLS-SRTP key export (RFC 5764, 4.2). Session keys are derived in the core.

        Lengths: key 16; salt 12 for AES-GCM (RFC 7714), 14 for AES-CM (RFC 3711).
        """

    def remove_transport(self, transport: int) -> None:
        """Removes it with its tracks and subscriptions."""

    # ---- links: what crosses to other nodes and comes from there ----

    def add_link(
        self,
        *,
        thread: int,
        address: str,
        port: int,
        peer_thread: int,
        receive_key: bytes,
        receive_salt: bytes,
        send_key: bytes,
        send_salt: bytes,
    ) -> int:
        """A transport to a thread of another node, without ICE and DTLS; removed by `remove_transport`. Packets come from ``address`` and ``port``, and go there.

        Protected by AES-128-GCM (RFC 7714); lengths: key 16, salt 12. A pair of key and salt for sending is used for one link only. Each
        end sends a report each second; `TransportConnected` when the other one is heard, `TransportLost` after 3.5 s without.
        In one thread there is one link to each thread at an address: another one is ignored and counted.
        """

    def send_node_data(self, link: int, data: bytes) -> None:
        """Sends a message of at most 1400 bytes to the node at a link's other end, protected, once: it may get lost.

        Raises:
            ValueError: it is longer.
        """

    def add_relayed_track(
        self,
        link: int,
        *,
        kind: Kind,
        codec: Codec,
        clock_rate: int,
        ssrcs: list[int],
        red: bool = False,
        made_layer: bool = False,
    ) -> int:
        """A track that the other node relays; for subscribers it is like any other.

        ``ssrcs``: that of each layer on the link, the lowest first. ``red``: it may come as redundant sound (`add_track`); ``made_layer``: as there.
        Removed by `remove_track`.
        """

    def add_relay(self, link: int, track: int, *, layer: int, ssrc: int, cname: str, red: bool = False) -> int:
        """Has one layer of a track cross a link in its thread, as it is. Returns a subscription, to be paused (`set_paused`) while nobody there wants the
        layer, and removed by `remove_subscription`. ``red``: the other node takes redundant sound (`add_subscription`)."""

    # ---- tracks: what a transport publishes ----

    def add_track(
        self,
        transport: int,
        *,
        kind: Kind,
        codec: Codec,
        mid: str,
        payload_type: int,
        rtx_payload_type: int | None,
        clock_rate: int,
        rids: list[str],
        ssrc: int | None,
        rtx_ssrc: int | None,
        extensions: dict[str, int],
        transport_cc: bool,
        nack: bool,
        red_payload_type: int | None = None,
        made_layer: bool = False,
    ) -> int:
        """Takes media of one m-line.

        ``rids``: the simulcast layers, lowest first; empty for a single encoding. ``ssrc`` and ``rtx_ssrc``: from the SDP where it names them, else
        learned from mid, rid and repaired-rid. ``extensions``: header extension URI to the id that the publisher uses.
        ``transport_cc``: send transport-wide feedback for this m-line; ``nack``: ask for lost packets. ``red_payload_type``: under which sound may
        come with copies of what was before (RFC 2198); each packet has one payload type or the other. ``made_layer``: a smaller picture may be made of
        it by this node (`allow_made_layer`); of tracks with one encoding alone. Layers are counted without that one everywhere here.
        """

    def remove_track(self, track: int) -> None:
        """Removes it with its subscriptions."""

    def succeed_track(self, former: int, new: int) -> None:
        """Has the subscribers of a track go over to another one of the same codec, each as soon as that has begun for it.

        Until then they get the former. Numbers go on, and nothing is negotiated. `TrackSucceeded` tells when nobody waits any more; if
        the former is removed or muted before, all go over at once. Relays stay.
        """

    def set_track_muted(self, track: int, *, muted: bool) -> None:
        """A muted track is received and not forwarded. After unmuting, video waits for a key frame, which the core asks for."""

    def set_track_group(self, track: int, group: int | None) -> None:
        """Among which tracks it is compared by how loud it is (`SpeakersChanged`): those that can be heard together. None: among none.

        Groups need not be made: one that has tracks is there. ``group`` is any number from 0 to 4,294,967,295.
        """

    def request_key_frame(self, track: int) -> None:
        """Asks the publisher for a key frame on every layer that is being forwarded, within the throttle."""

    def allow_made_layer(self, track: int, *, allowed: bool) -> None:
        """Whether a smaller picture, a half as wide and as high, would be made of the track if somebody needed it: not at first.

        `LayerNeeded` tells when somebody does, and that of each time that it is allowed. Of VP8 and H.264, where the picture has more than 480 lines.
        """

    def add_made_layer(self, track: int, transport: int, *, ssrc: int) -> None:
        """The smaller picture of the track comes over a transport from now on, in the track's codec, under any payload type. It ends with the transport, or with
        another one in its place. Who receives the track over that transport gets it as its publisher sends it."""

    def expect_subscriber(self, track: int) -> None:
        """Somebody is about to subscribe, or the publisher begins anew: all layers are of use, as when the track was new."""

    # ---- subscriptions: a transport that receives a track ----

    def add_subscription(
        self,
        transport: int,
        track: int,
        *,
        mid: str,
        ssrc: int,
        rtx_ssrc: int | None,
        payload_type: int,
        rtx_payload_type: int | None,
        cname: str,
        extensions: dict[str, int],
        continuous: bool = False,
        red_payload_type: int | None = None,
        made_layer: bool = False,
    ) -> int:
        """Forwards the track to a transport in its thread under the subscriber's own SSRC, payload types and extension ids.

        ``continuous``: all sound, also silence and whoever is not among so many (`PacketCore.__new__`); relays get it so, too. ``red_payload_type``: under which sound goes
        that has come with copies of what was before, with all of them; without one their own block alone goes, as ``payload_type``. ``made_layer``: it may get
        the smaller picture that this node makes, where its path carries no more or it shows the track no larger (`set_wanted_height`).

        Starts at the next key frame, which the core asks for at once; until then nothing is sent for video. Its wishes should follow at
        once: only then does it wake layers that sleep (`LayersWanted`).
        """

    def set_wanted_layer(self, subscription: int, layer: int | None) -> None:
        """The index in ``rids`` that this subscriber wants at most; None wants the best.

        What is forwarded is the best layer up to the wanted one that the publisher is sending now; if only higher ones are sent, the lowest of these.
        Changes take place at key frames.
        """

    def set_wanted_height(self, subscription: int, height: int | None) -> None:
        """The height in pixels (up to 65,535) at which this subscriber shows the track; None wants the best.

        Where an encoding has spatial layers (SVC), and says how high they are, no more of them are forwarded than fill it. More layers
        come with a key frame; fewer come at once, unless the upper layers go on without the lower ones (L3T3_KEY and its like).
        """

    def set_wanted_frame_rate(self, subscription: int, frame_rate: int | None) -> None:
        """The most pictures a second (1 to 255) that this subscriber wants; None wants all.

        Where the publisher sends temporal layers (VP8's and VP9's own, or those of a dependency descriptor), the upper ones that would bring more are left out; the lowest is always sent.
        """

    def set_priority(self, subscription: int, priority: int) -> None:
        """Who is served first where the path to a subscriber does not carry all: the greater, the sooner. 0 at first."""

    def set_paused(self, subscription: int, *, paused: bool) -> None:
        """A paused subscription forwards nothing; video resumes with a key frame."""

    def remove_subscription(self, subscription: int) -> None: ...

    # ---- looking inside ----

    def stats(self) -> CoreStats:
        """Counters since the start, and gauges, of all threads together. Waits for them, as all that follows: milliseconds at the most.

        Raises:
            PacketCoreSilentError: a thread does not answer.
        """

    def thread_stats(self) -> list[CoreStats | None]:
        """Those of each thread; None for one that does not answer, or is gone."""

    def track_stats(self, track: int) -> list[LayerStats]:
        """One entry for each layer that has been seen; empty for an unknown track."""

    def subscription_stats(self, subscription: int) -> SubscriptionStats | None:
        """None for an unknown subscription."""

    def transport_stats(self, transport: int) -> TransportStats | None:
        """None for an unknown transport."""

    def transport_reports(self, transports: list[int]) -> list[TransportReport | None]:
        """Transports with all that they send and receive, as of one moment; None for unknown ones.

        One question to each thread, however many they are: microseconds for each track and subscription.
        """

# ---- events ----

@final
class DtlsReceived:
    """A DTLS datagram, from an address that has passed a STUN check."""

    transport: int
    data: bytes

@final
class NodeDataReceived:
    """A message of another node, over the link with it (`send_node_data`)."""

    transport: int
    """The link."""
    data: bytes

@final
class TransportConnected:
    """A check with a nomination has been answered: an address is known, or another one."""

    transport: int
    address: str
    port: int
    protocol: Literal["udp", "tcp"]

@final
class TransportLost:
    """No authenticated check for the consent timeout. The transport stays until it is removed, and comes back with `TransportConnected`."""

    transport: int

@final
class LayerStarted:
    """A layer's first packet, or its first after a `LayerStopped`."""

    track: int
    layer: int

@final
class LayerStopped:
    """A layer that was sent has not been for two seconds (video) or ten (audio)."""

    track: int
    layer: int

@final
class LayersWanted:
    """So many layers of a video track, from the lowest up, are of use; the others need not be sent. All are at first.

    More are told at once: a layer that somebody wants and has room for sleeps no longer. Fewer are told when nobody could have had the
    others for five seconds.
    """

    track: int
    layers: int

@final
class LayerNeeded:
    """Somebody needs the smaller picture that this node could make of a track (`allow_made_layer`); or nobody has needed it for five seconds."""

    track: int
    needed: bool

@final
class SpeakersChanged:
    """Others speak in a group than before, or in another order; told a few times a second at the most.

    By the levels that senders tell (RFC 6464): who tells none is never among them. A group that has lost all its tracks is not told of.
    """

    group: int
    tracks: list[int]
    """The loudest first."""

@final
class TrackSucceeded:
    """Nobody waits any more to go over from a track to the one that has taken its place (`succeed_track`): it may end."""

    track: int

@final
class SubscriptionStarved:
    """The path to a subscriber does not carry a picture any more, not even its lowest layer; or does again."""

    subscription: int
    starved: bool

Event = (
    DtlsReceived
    | TransportConnected
    | TransportLost
    | LayerStarted
    | LayerStopped
    | LayersWanted
    | LayerNeeded
    | SpeakersChanged
    | SubscriptionStarved
    | TrackSucceeded
    | NodeDataReceived
)

# ---- statistics ----

@final
class CoreStats:
    """Packets and bytes are of UDP payload, and of what takes its place on TCP connections. ``dropped_*`` counts say why a datagram went no further.

    ``sound_silent``, ``sound_surplus``: packets of sound that came and were not forwarded, as silence or since all places were taken; ``tracks_unheard``:
    tracks whose newest packet was one of them.

    ``handed_over``: datagrams that the kernel gave to this thread and that were another one's; ``hand_over_drops``: those for which that one had no
    room. ``cpu_seconds``: the thread's own time.
    """

    datagrams_received: int
    bytes_received: int
    datagrams_sent: int
    bytes_sent: int
    send_calls: int
    send_failures: int
    connections: int
    connections_refused: int
    handed_over: int
    hand_over_drops: int
    cpu_seconds: float
    rtp_received: int
    rtp_forwarded: int
    rtcp_received: int
    stun_answered: int
    nacks_sent: int
    nacks_received: int
    rtx_sent: int
    rtx_received: int
    key_frames_requested: int
    key_frames_asked_for: int
    padding_sent: int
    dropped_malformed: int
    dropped_unknown_address: int
    dropped_stun_integrity: int
    dropped_authentication: int
    dropped_replayed: int
    dropped_unknown_ssrc: int
    commands_ignored: int
    transports: int
    tracks: int
    subscriptions: int
    layers_paused: int
    sound_silent: int
    sound_surplus: int
    tracks_unheard: int

@final
class LayerStats:
    """W3C inbound-rtp in short. ``bitrate``: bits a second over the last second; ``jitter``: RTP clock units."""

    layer: int
    ssrc: int
    packets_received: int
    bytes_received: int
    packets_lost: int
    jitter: int
    bitrate: int
    nacks_sent: int
    key_frames: int
    key_frames_requested: int

@final
class SubscriptionStats:
    """W3C outbound-rtp in short. ``layer``: what is forwarded now, None before the first packet. ``round_trip_ms``: None until reported.

    ``made``: it is the smaller picture that this node makes. ``spatial_layer``, ``temporal_layer``: the highest that are forwarded within it; 255 for all, where there is nothing to choose from.
    ``starved``: the path does not carry it, not even its lowest layer. ``unheard``: sound that is not forwarded now, as silence or since all places are taken. ``packets_lost``, ``fraction_lost`` and ``jitter`` (RTP clock units): from
    the subscriber's last receiver report.
    """

    layer: int | None
    made: bool
    spatial_layer: int | None
    temporal_layer: int | None
    starved: bool
    unheard: bool
    packets_sent: int
    bytes_sent: int
    retransmissions_sent: int
    nacks_received: int
    key_frames_asked_for: int
    packets_lost: int
    fraction_lost: float
    jitter: int
    round_trip_ms: float | None

@final
class TransportStats:
    """A transport. ``address``, ``port``, ``protocol``: what was nominated. ``…_received``: datagrams that came from there, of any kind, and their bytes.

    The rest is of the path to a subscriber, in bits of UDP payload a second. ``estimate_bps``: what it carries, None without feedback.
    ``wanted_bps``: what all that is subscribed to would take at its best. ``loss``: of what was sent lately, 0 to 1.
    """

    address: str | None
    port: int | None
    protocol: Literal["udp", "tcp"] | None
    packets_received: int
    bytes_received: int
    estimate_bps: int | None
    acknowledged_bps: int | None
    wanted_bps: int
    loss: float

@final
class TransportReport:
    """A transport, the layers of each track that it publishes, and what it is subscribed to: the two by their ids."""

    transport: TransportStats
    tracks: dict[int, list[LayerStats]]
    subscriptions: dict[int, SubscriptionStats]
