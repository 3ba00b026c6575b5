"""The forms in which codecs are offered to subscribers: few, whatever publishers write."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media_fleet.domain.media_formats import MediaCodec, for_subscribers
from media_fleet.domain.payload_types import PayloadTypes

Parameters = tuple[tuple[str, str | None], ...]


def codec(name: str, parameters: Parameters = ()) -> MediaCodec:
    if name == "opus":
        return MediaCodec(name=name, clock_rate=48_000, channels=2, parameters=parameters)
    return MediaCodec(name=name, clock_rate=90_000, parameters=parameters)


@pytest.mark.parametrize(
    ("name", "published", "offered"),
    [
        (
            "opus",
            (("minptime", "3"), ("stereo", "1"), ("maxaveragebitrate", "7")),
            "minptime=10;useinbandfec=1;stereo=1",
        ),
        ("VP8", (("max-fs", "12288"), ("made-up", None)), ""),
        ("VP9", (("profile-id", "2"),), "profile-id=2"),
        ("VP9", (("profile-id", "17"),), "profile-id=0"),
        ("AV1", (("profile", "1"), ("level-idx", "13"), ("tier", "1")), "level-idx=5;profile=1;tier=0"),
        (
            "H264",
            (("profile-level-id", "640C34"), ("packetization-mode", "1")),
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f",
        ),
        ("H264", (), "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
    ],
)
def test_what_decides_whether_a_decoder_fits_is_kept(name: str, published: Parameters, offered: str) -> None:
    form = for_subscribers(codec(name, published))
    assert ";".join(f"{key}={value}" for key, value in form.parameters) == offered
    assert for_subscribers(form) == form


names = st.sampled_from(["opus", "VP8", "VP9", "AV1", "H264"])
keys = (
    st.sampled_from(["stereo", "usedtx", "profile-id", "profile", "level-idx", "tier", "profile-level-id"]) | st.text()
)
values = st.none() | st.sampled_from(["0", "1", "2", "3", "42e01f", "4d0033", "640c2a", "f4001f"]) | st.text()
parameters = st.lists(st.tuples(keys, values), max_size=8).map(tuple)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.builds(codec, names, parameters), min_size=100, max_size=300))
def test_no_publisher_uses_up_the_payload_types(published: list[MediaCodec]) -> None:
    payload_types = PayloadTypes()
    for each in published:
        assert payload_types.of(for_subscribers(each), video=each.name != "opus") is not None
