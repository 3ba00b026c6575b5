"""The wire form of the messages that services share, pinned: a change that breaks a running peer breaks a test here."""

from __future__ import annotations

import json

import msgspec
import pytest

from contracts import client_commands, log_codec, log_events, node_rpc
from contracts.client_commands import COMMANDS
from contracts.client_messages import SERVER_MESSAGES
from contracts.command import Command
from contracts.join_reports import ReportJoin
from contracts.rooms import (
    PERMISSIONS_OF_ROLE,
    GatewayId,
    Identity,
    MeetingId,
    NodeId,
    ParticipantId,
    ParticipantInfo,
    PublishPermission,
    Role,
    TrackId,
    TrackInfo,
    TrackKind,
    TrackSource,
)

PARTICIPANT = ParticipantInfo(
    id=ParticipantId("p_1"),
    identity=Identity("u_1"),
    name="Ada",
    role=Role.HOST,
    permissions=PERMISSIONS_OF_ROLE[Role.HOST],
    joined_at=1000,
)
PARTICIPANT_JSON = {
    "id": "p_1",
    "identity": "u_1",
    "name": "Ada",
    "role": "host",
    "permissions": {
        "publish": ["audio", "video", "screen"],
        "subscribe": True,
        "chat": True,
        "moderate": True,
        "record": True,
        "notes": True,
    },
    "joined_at": 1000,
    "connected": True,
    "hand_raised": None,
    "breakout": None,
    "assigned_breakout": None,
    "kind": "person",
}
TRACK = TrackInfo(
    id=TrackId("t_1"), participant_id=ParticipantId("p_1"), source=TrackSource.CAMERA, kind=TrackKind.VIDEO
)

LOG_EVENTS = [
    (
        log_events.ParticipantJoined(at=5, participant=PARTICIPANT, gateway_id=GatewayId("g_1"), resume_hash="00"),
        {
            "type": "participant_joined",
            "at": 5,
            "participant": PARTICIPANT_JSON,
            "gateway_id": "g_1",
            "resume_hash": "00",
            "granted": None,
            "session": None,
            "stands_on": [],
            "account_name": False,
        },
    ),
    (log_events.NodePlaced(at=6, node_id=NodeId("n_1")), {"type": "node_placed", "at": 6, "node_id": "n_1"}),
    (
        log_events.ParticipantPlaced(at=6, participant_id=ParticipantId("p_1"), node_id=NodeId("n_2")),
        {"type": "participant_placed", "at": 6, "participant_id": "p_1", "node_id": "n_2"},
    ),
    (
        log_events.TrackPublished(at=7, track=TRACK, mid="0"),
        {
            "type": "track_published",
            "at": 7,
            "track": {"id": "t_1", "participant_id": "p_1", "source": "camera", "kind": "video", "muted": False},
            "mid": "0",
        },
    ),
    (log_events.MeetingEnded(at=8, by=None), {"type": "meeting_ended", "at": 8, "by": None}),
]


@pytest.mark.parametrize(("event", "form"), LOG_EVENTS)
def test_a_log_event_keeps_its_form(event: log_events.LogEvent, form: dict[str, object]) -> None:
    assert json.loads(log_codec.encode_event(event)) == form
    assert log_codec.decode_event(json.dumps(form)) == event


def test_a_reader_ignores_fields_that_a_newer_writer_adds_to_a_log_event() -> None:
    data = b'{"type": "node_placed", "at": 6, "node_id": "n_1", "added_later": true}'
    assert log_codec.decode_event(data) == log_events.NodePlaced(at=6, node_id=NodeId("n_1"))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"type": "no_such"}', b'{"type": "node_placed"}', b"\xff"])
def test_what_is_no_log_event_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        log_codec.decode_event(data)


def test_every_command_refuses_a_field_that_it_does_not_have() -> None:
    for name, command in COMMANDS.items():
        with pytest.raises(msgspec.ValidationError, match="unknown field `surprise`"):
            msgspec.convert({"surprise": 1, **_least_form(name)}, command)


def _least_form(name: str) -> dict[str, object]:
    forms: dict[str, dict[str, object]] = {
        "publish_offer": {"sdp": "v=0", "tracks": []},
        "subscriber_answer": {"generation": 1, "negotiation": 1, "sdp": "v=0"},
        "update_subscriptions": {"tracks": []},
        "set_sound": {"form": "mixed"},
        "mute_track": {"track_id": "t"},
        "unmute_track": {"track_id": "t"},
        "send_chat": {"text": "hello"},
        "stop_track": {"track_id": "t"},
        "ask_to_unmute": {"participant_id": "p"},
        "send_reaction": {"emoji": "\U0001f44d"},
        "edit_chat": {"message_id": "m", "text": "hello"},
        "remove_chat": {"message_id": "m"},
        "send_data": {"topic": "t", "data": ""},
        "rename": {"name": "Ada"},
        "refuse_entry": {"participant_id": "p"},
        "send_lobby_message": {"text": "One moment."},
        "remove_participant": {"participant_id": "p"},
        "unban": {"identity": "u"},
        "set_role": {"participant_id": "p", "role": "cohost"},
        "set_permissions": {"participant_id": "p", "permissions": {}},
        "set_role_permissions": {"role": "guest", "permissions": {}},
        "set_spotlight": {"participant_ids": []},
        "create_poll": {"question": "?", "options": ["a", "b"]},
        "vote": {"poll_id": "q", "options": []},
        "close_poll": {"poll_id": "q"},
        "edit_notes": {"edit_id": "e", "revision": 0, "change": ["a"]},
        "open_breakouts": {"rooms": [{"name": "One"}]},
        "move_to_breakout": {"participant_ids": ["p"], "breakout_id": None},
        "enter_breakout": {"breakout_id": None},
        "start_ingress": {"kind": "rtmp", "name": "Studio"},
        "stop_ingress": {"ingress_id": "in_1"},
        "report_join": {"span_id": "ab" * 8, "phases": [{"step": "media", "began_ms": 9, "ended_ms": 1}]},
        "signal_peer": {"to": "p", "session": "s", "kind": "offer", "sdp": "v=0"},
    }
    return forms.get(name, {})


def test_every_command_accepts_its_least_form() -> None:
    for name, command in COMMANDS.items():
        assert isinstance(msgspec.convert(_least_form(name), command), command)


@pytest.mark.parametrize(
    ("command", "form", "place"),
    [
        (client_commands.SendChat, {"text": ""}, "$.text"),
        (ReportJoin, {"span_id": "0" * 16, "phases": []}, "$.span_id"),
        (client_commands.SendChat, {"text": "x" * (client_commands.MAX_CHAT_LENGTH + 1)}, "$.text"),
        (client_commands.SendChat, {"text": 1}, "$.text"),
        (client_commands.PublishOffer, {"sdp": "v=0", "tracks": [{"mid": "0", "source": "tv"}]}, "$.tracks[0].source"),
        (client_commands.PublishOffer, {"sdp": "v=0", "tracks": [{"mid": "0", "source": "camera"}] * 9}, "$.tracks"),
        (client_commands.SubscriberAnswer, {"generation": 0, "negotiation": 1, "sdp": "v"}, "$.generation"),
    ],
)
def test_a_bad_command_is_refused_with_the_place_of_the_fault(
    command: type[Command], form: dict[str, object], place: str
) -> None:
    with pytest.raises(msgspec.ValidationError) as refusal:
        msgspec.convert(form, command)
    assert place in str(refusal.value)


def test_every_message_has_a_json_schema_for_the_references() -> None:
    for message in (*COMMANDS.values(), *SERVER_MESSAGES.values()):
        assert msgspec.json.schema(message)["$ref"]


def test_every_source_takes_a_permission_and_has_a_kind() -> None:
    assert {source: (source.permission, source.kind) for source in TrackSource} == {
        TrackSource.MICROPHONE: (PublishPermission.AUDIO, TrackKind.AUDIO),
        TrackSource.CAMERA: (PublishPermission.VIDEO, TrackKind.VIDEO),
        TrackSource.SCREEN: (PublishPermission.SCREEN, TrackKind.VIDEO),
        TrackSource.SCREEN_AUDIO: (PublishPermission.SCREEN, TrackKind.AUDIO),
    }


def test_a_request_to_a_node_keeps_its_form() -> None:
    envelope = node_rpc.RequestEnvelope(
        id="r1",
        gateway_id=GatewayId("g_1"),
        deadline_at=9,
        request=node_rpc.Publish(
            meeting_id=MeetingId("m"),
            participant_id=ParticipantId("p_1"),
            sdp="v=0",
            tracks=(node_rpc.AssignedTrack(mid="0", track_id=TrackId("t_1"), source=TrackSource.CAMERA),),
            version=1,
        ),
        trace_id="ab" * 16,
        span_id="cd" * 8,
    )
    form = {
        "id": "r1",
        "gateway_id": "g_1",
        "deadline_at": 9,
        "trace_id": "ab" * 16,
        "span_id": "cd" * 8,
        "request": {
            "type": "publish",
            "meeting_id": "m",
            "participant_id": "p_1",
            "sdp": "v=0",
            "tracks": [{"mid": "0", "track_id": "t_1", "source": "camera", "muted": False}],
            "version": 1,
        },
    }
    assert json.loads(node_rpc.encoder.encode(envelope)) == form
    assert node_rpc.request_decoder.decode(json.dumps(form)) == envelope


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (node_rpc.AnswerEnvelope(id="r1", answer=node_rpc.Published(sdp="v=0")), "answer"),
        (node_rpc.AnswerEnvelope(id="r1", answer=node_rpc.SubscriptionOffered(offer=None)), "answer"),
        (
            node_rpc.LayersWanted(
                node_id=NodeId("n_1"),
                meeting_id=MeetingId("mt_1"),
                participant_id=ParticipantId("p_1"),
                track_id=TrackId("t_1"),
                layers=1,
            ),
            "layers_wanted",
        ),
        (
            node_rpc.TransportFailed(
                node_id=NodeId("n"),
                meeting_id=MeetingId("m"),
                participant_id=ParticipantId("p"),
                transport="publish",
                reason="consent",
            ),
            "transport_failed",
        ),
    ],
)
def test_what_a_gateway_hears_says_its_kind(message: node_rpc.GatewayMessage, kind: str) -> None:
    data = node_rpc.encoder.encode(message)
    assert json.loads(data)["kind"] == kind
    assert node_rpc.gateway_message_decoder.decode(data) == message
