"""Pictures that take long to decode, or come by the hundred: they hold up nobody else in a composition."""

from __future__ import annotations

import time
from collections.abc import Iterable

import av
import pytest

from contracts.rooms import ParticipantId, TrackId, TrackSource
from media_fleet.composer import tracks as module
from media_fleet.composer.decoding import PictureDecoder
from media_fleet.composer.tracks import MOST_DUE, RESTS_MS, PictureTrack, ReceivedTrack
from media_fleet.recorder.pictures import Picture
from media_fleet.recorder.protocol import TrackBegun
from tests.doubles.scripted_publisher import Arrival, filmed, plain

RED, BLUE = (200, 30, 30), (30, 30, 220)
BEGUN = TrackBegun(
    ssrc=1,
    track_id=TrackId("t"),
    participant_id=ParticipantId("ann"),
    source=TrackSource.CAMERA,
    codec="VP8",
    clock_rate=90_000,
    muted=False,
)


def camera_of(arrivals: Iterable[Arrival]) -> PictureTrack:
    received = ReceivedTrack(BEGUN)
    for each in arrivals:
        if each.packet is not None:
            received.receive(each.packet, each.at)
    return PictureTrack(received, "VP8", muted=False)


def test_of_pictures_that_are_due_at_once_only_the_last_is_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[av.VideoFrame] = []

    def turned(frame: av.VideoFrame, _: int) -> av.VideoFrame:
        turns.append(frame)
        return frame

    monkeypatch.setattr(module, "turned", turned)
    camera = camera_of(filmed(lambda at: plain(RED if at < 900 else BLUE), 0, 1_000, frame_rate=25, late=0))
    camera.decode(990, None)
    assert turns == [camera.frame]
    assert camera.frame is not None
    shown = camera.frame.to_ndarray(format="rgb24").mean(axis=(0, 1))
    assert shown[2] > shown[0], "the last one is blue"


def test_a_track_of_which_too_many_pictures_are_due_is_not_decoded_before_the_next_key_frame() -> None:
    scene = [*filmed(lambda _: plain(RED), 0, 40 * (MOST_DUE + 3), frame_rate=25, late=0)]
    camera = camera_of(scene)
    camera.decode(scene[-1].at + 1, None)
    assert camera.frame is None
    assert camera.received.wants_key_frame(scene[-1].at + 1)


def test_a_track_that_takes_too_long_rests_and_what_stood_goes_on_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    arrivals = [*filmed(lambda at: plain(RED if at < 2_000 else BLUE), 0, 4_000, frame_rate=25, late=0)]
    camera = camera_of([])

    def until(now: float) -> None:
        while arrivals and arrivals[0].at < now:
            each = arrivals.pop(0)
            if each.packet is not None:
                camera.received.receive(each.packet, each.at)
        camera.decode(now, None)

    for now in range(40, 400, 40):
        until(now)
    stood = camera.frame
    assert stood is not None
    monkeypatch.setattr(module, "MOST_OWED_MS", -1.0)
    until(440)
    monkeypatch.undo()
    for now in range(480, 440 + round(RESTS_MS), 40):
        until(now)
        assert camera.frame is stood
        assert not camera.received.wants_key_frame(now), "none is asked for in vain"
    until(440 + RESTS_MS)
    assert camera.received.wants_key_frame(440 + RESTS_MS)


def test_what_decoding_takes_is_owed_and_paid_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = 0.0

    class Slow(PictureDecoder):
        """50 ms of a processor for each picture."""

        def decode(self, picture: Picture) -> av.VideoFrame | None:
            nonlocal spent
            spent += 0.05
            return super().decode(picture)

    monkeypatch.setattr(module, "PictureDecoder", Slow)
    monkeypatch.setattr(time, "thread_time", lambda: spent)
    camera = camera_of(filmed(lambda _: plain(RED), 0, 1_000, frame_rate=25, late=0))
    camera.decode(999, None)
    assert 0.3 < spent <= 0.4, "of 25 pictures it did not decode more than its share, and what it may owe"
    assert camera.frame is not None
    spent = 0.0
    slower = camera_of(filmed(lambda _: plain(RED), 0, 4_000, frame_rate=8, late=0))
    for now in range(125, 4_000, 125):
        slower.decode(now, None)
    assert spent == pytest.approx(0.05 * 31, abs=0.051), "who keeps to it is decoded whole"
