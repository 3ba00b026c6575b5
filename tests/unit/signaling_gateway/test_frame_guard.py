"""Which frames of a client get through."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling_gateway.edge.frame_guard import MAX_FRAME_BYTES, MAX_JOINING_BYTES, FrameGuard, Link, fault_of


async def _nowhere(_message: Any) -> None:
    raise AssertionError("nothing is sent")


def _link(*, admitted: bool = True, left: bool = False) -> Link:
    link = Link(_nowhere)
    link.admitted, link.left = admitted, left
    return link


@pytest.mark.parametrize(
    "text", ["2", "3", "3probe", "40", '40{"token":"x"}', '42["a"]', '421["a"]', "41", "43[]", "1"]
)
def test_what_clients_send_gets_through(text: str) -> None:
    assert fault_of({"type": "websocket.receive", "text": text}, _link(admitted=False)) is None


@given(st.one_of(st.none(), st.text(max_size=30)))
def test_whatever_gets_through_is_a_packet_that_clients_send(text: str | None) -> None:
    if fault_of({"type": "websocket.receive", "text": text, "bytes": b""}, _link()) is None:
        assert text is not None
        assert text[0] in "12356" or text[:2] in {"40", "41", "42", "43"}


def test_binary_and_big_frames_do_not_get_through() -> None:
    assert fault_of({"type": "websocket.receive", "bytes": b"x"}, _link()) is not None
    assert fault_of({"type": "websocket.receive", "text": "42" + "x" * MAX_FRAME_BYTES}, _link()) is not None


def test_strangers_may_say_no_more_than_a_token_takes() -> None:
    frame = {"type": "websocket.receive", "text": "40" + "x" * MAX_JOINING_BYTES}
    assert fault_of(frame, _link(admitted=False)) is not None
    assert fault_of(frame, _link()) is None


def test_a_websocket_is_for_one_stay() -> None:
    assert fault_of({"type": "websocket.receive", "text": '40{"token":"x"}'}, _link(left=True)) is not None
    assert fault_of({"type": "websocket.receive", "text": "41"}, _link(left=True)) is None


async def test_a_connection_that_does_not_join_in_time_is_closed() -> None:
    sent: list[dict[str, Any]] = []
    closed = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message)
        closed.set()

    async def receive() -> Any:
        await closed.wait()
        return {"type": "websocket.disconnect"}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    await FrameGuard(app, join_timeout_s=0.01)({"type": "websocket"}, receive, send)
    assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", 1008)]
