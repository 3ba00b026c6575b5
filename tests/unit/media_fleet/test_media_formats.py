"""The forms in which codecs are offered to subscribers: few, whatever publishers write."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
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


TOLD_APART: dict[str, list[Parameters]] = {
    "opus": [
        tuple((key, "1") for key in switched)
        for count in range(4)
        for switched in combinations(("usedtx", "stereo", "sprop-stereo"), count)
    ],
    "VP8": [()],
    "VP9": [(("profile-id", value),) for value in "0123"],
    "AV1": [(("profile", value),) for value in "012"],
    "H264": [(("profile-level-id", f"{value}1f"),) for value in ("42e0", "4200", "4d00", "6400", "640c", "f400")],
}
FORMS = [for_subscribers(codec(name, each)) for name, written in TOLD_APART.items() for each in written]

names = st.sampled_from(list(TOLD_APART))
keys = (
    st.sampled_from(["stereo", "usedtx", "profile-id", "profile", "level-idx", "tier", "profile-level-id"]) | st.text()
)
values = st.none() | st.sampled_from(["0", "1", "2", "3", "42e01f", "4d0033", "640c2a", "f4001f"]) | st.text()
parameters = st.lists(st.tuples(keys, values), max_size=8).map(tuple)


@given(names, parameters)
def test_whatever_a_publisher_writes_has_one_of_a_few_forms(name: str, published: Parameters) -> None:
    assert for_subscribers(codec(name, published)) in FORMS


def test_all_forms_together_do_not_use_up_the_payload_types() -> None:
    payload_types = PayloadTypes()
    assert len(set(FORMS)) == len(FORMS)
    given_out = [payload_types.of(form, video=form.name != "opus") for form in FORMS]
    assert None not in given_out
