"""Watching a broadcast at a gateway: a real HTTP origin stands for the node, and counts what is fetched from it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from contracts import redis_names
from contracts.room_broadcast import WatchedBroadcast, encode
from signaling_gateway.edge import live
from signaling_gateway.edge.live import parsed
from signaling_gateway.errors import Refusal
from signaling_gateway.main import LIVE_CONNECTIONS
from signaling_gateway.metrics import METRICS
from signaling_gateway.service.live_relay import LEAST_FETCHES, MAX_FETCHES, MAX_WAITING
from tests.doubles.broadcast_origin import BroadcastOrigin
from tests.integration.signaling.conftest import Platform

KEY = "Abc-efgh_jklmnopqrstu1"
LIVE = f"/live/{KEY}"
MANY = 60


@pytest.fixture
async def origin() -> AsyncIterator[BroadcastOrigin]:
    made = BroadcastOrigin()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def viewer(platform: Platform, origin: BroadcastOrigin) -> AsyncIterator[httpx.AsyncClient]:
    gateway = await platform.gateway()
    await _watched(platform, WatchedBroadcast(origin=origin.url))
    limits = httpx.Limits(max_connections=MANY)
    async with httpx.AsyncClient(base_url=gateway.url, timeout=10, limits=limits, trust_env=False) as client:
        yield client


async def _watched(platform: Platform, where: WatchedBroadcast) -> None:
    await platform.redis.set(redis_names.watched_broadcast(KEY), encode(where), px=60_000)


async def test_many_who_watch_are_served_by_one_request(
    platform: Platform, viewer: httpx.AsyncClient, origin: BroadcastOrigin
) -> None:
    path = f"{LIVE}/index.m3u8?_HLS_msn=7&_HLS_part=2"
    watching = [asyncio.create_task(viewer.get(path)) for _ in range(MANY)]
    await platform.eventually(lambda: origin.fetched["/hls/abc/index.m3u8?_HLS_msn=7&_HLS_part=2"])
    origin.release()
    answers = await asyncio.gather(*watching)
    assert {answer.content for answer in answers} == {origin.pieces["index.m3u8"]}
    assert answers[0].headers["Content-Type"] == "application/vnd.apple.mpegurl"
    assert answers[0].headers["Cache-Control"] == "public, max-age=4"
    for _ in range(3):
        segments = await asyncio.gather(*(viewer.get(f"{LIVE}/seg_1.m4s") for _ in range(MANY)))
        assert {each.content for each in segments} == {origin.pieces["seg_1.m4s"]}
    assert segments[0].headers["Cache-Control"] == "public, max-age=120, immutable"
    assert segments[0].headers["Access-Control-Allow-Origin"] == "*"
    assert set(origin.fetched.values()) == {1}, origin.fetched
    assert len(origin.fetched) == 2


async def test_who_goes_away_does_not_take_along_what_others_wait_for(
    platform: Platform, viewer: httpx.AsyncClient, origin: BroadcastOrigin
) -> None:
    path = f"{LIVE}/index.m3u8?_HLS_msn=8"
    impatient, patient = asyncio.create_task(viewer.get(path)), asyncio.create_task(viewer.get(path))
    await platform.eventually(lambda: origin.fetched.total() == 1)
    impatient.cancel()
    await asyncio.wait([impatient])
    origin.release()
    assert (await patient).content == origin.pieces["index.m3u8"]
    assert origin.fetched.total() == 1


async def test_query_strings_that_mean_nothing_make_no_further_requests(
    viewer: httpx.AsyncClient, origin: BroadcastOrigin
) -> None:
    for query in ("", "?a=1", "?_HLS_msn=3", "?b=2&c"):
        assert (await viewer.get(f"{LIVE}/seg_1.m4s{query}")).status_code == 200
    assert dict(origin.fetched) == {"/hls/abc/seg_1.m4s": 1}
    assert (await viewer.head(f"{LIVE}/seg_1.m4s")).headers["Content-Length"] == "6000"


async def test_what_is_not_live_and_what_has_ended_is_told_apart(
    platform: Platform, viewer: httpx.AsyncClient, origin: BroadcastOrigin
) -> None:
    unknown = await viewer.get("/live/Abc-efgh_jklmnopqrstu2/index.m3u8")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "broadcast_not_live")
    assert unknown.headers["Content-Type"] == "application/problem+json"
    assert unknown.headers["Access-Control-Allow-Origin"] == "*"
    del origin.pieces["index.m3u8"]
    beginning = await viewer.get(f"{LIVE}/index.m3u8")
    assert (beginning.status_code, beginning.json()["code"]) == (404, "broadcast_not_live")
    assert (await viewer.get(f"{LIVE}/seg_9.m4s")).json()["code"] == "not_found"
    await _watched(platform, WatchedBroadcast(origin=origin.url, ended=True))
    assert (await viewer.get(f"{LIVE}/seg_1.m4s")).status_code == 200, "its end can be seen"
    await platform.eventually(lambda: _code_is(viewer, "broadcast_ended"))
    ended = await viewer.get(f"{LIVE}/index.m3u8")
    assert ended.status_code == 410
    assert ended.headers["Cache-Control"] == "public, max-age=1"
    origin.release()
    numbered = await viewer.get(f"{LIVE}/index.m3u8?_HLS_msn=9")
    assert (numbered.status_code, numbered.headers["Cache-Control"]) == (410, "no-store")


async def test_an_origin_that_is_away_is_not_the_end(
    platform: Platform, viewer: httpx.AsyncClient, origin: BroadcastOrigin
) -> None:
    origin.status = 500
    answer = await viewer.get(f"{LIVE}/index.m3u8")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")
    assert int(answer.headers["Retry-After"]) > 0
    origin.status = 400
    origin.release()
    assert (await viewer.get(f"{LIVE}/index.m3u8?_HLS_msn=99")).json()["code"] == "bad_request"
    await _watched(platform, WatchedBroadcast(origin="http://127.0.0.1:1/hls/"))
    await platform.eventually(lambda: _code_is(viewer, "service_unavailable"))


@pytest.mark.parametrize(
    ("name", "status"), [("part_a_7_1.m4s", 404), ("seg_a_7.m4s", 404), ("index.m3u8?_HLS_msn=7&_HLS_part=1", 400)]
)
async def test_who_asks_too_early_does_not_take_it_from_those_who_ask_in_time(
    viewer: httpx.AsyncClient, origin: BroadcastOrigin, name: str, status: int
) -> None:
    origin.release()
    origin.status = status
    early = await viewer.get(f"{LIVE}/{name}")
    assert (early.status_code, early.headers["Cache-Control"]) == (status, "no-store")
    origin.status = 200
    origin.pieces[name] = b"there"
    assert (await viewer.get(f"{LIVE}/{name}")).status_code == 200


async def test_what_is_waited_for_takes_nothing_from_what_is_there(
    platform: Platform, viewer: httpx.AsyncClient, origin: BroadcastOrigin
) -> None:
    asked = [asyncio.create_task(viewer.get(f"{LIVE}/index.m3u8?_HLS_msn={number}")) for number in range(MANY - 1)]
    await platform.eventually(lambda: sum(task.done() for task in asked) == MANY - 1 - MAX_WAITING)
    assert {task.result().status_code for task in asked if task.done()} == {503}
    assert (await viewer.get(f"{LIVE}/seg_1.m4s")).status_code == 200
    assert (await viewer.get(f"{LIVE}/index.m3u8")).status_code == 200
    origin.release()
    await asyncio.wait(asked)
    assert origin.fetched.total() == MAX_WAITING + 2


async def test_what_nobody_waits_for_any_more_is_not_waited_for(
    platform: Platform, viewer: httpx.AsyncClient, origin: BroadcastOrigin
) -> None:
    asked = [asyncio.create_task(viewer.get(f"{LIVE}/index.m3u8?_HLS_msn={number}")) for number in range(MAX_WAITING)]
    await platform.eventually(lambda: origin.waiting == MAX_WAITING)
    for task in asked:
        task.cancel()
    await platform.eventually(lambda: not origin.waiting)
    later = asyncio.create_task(viewer.get(f"{LIVE}/index.m3u8?_HLS_msn=0"))
    await platform.eventually(lambda: origin.waiting == 1)
    origin.release()
    assert (await later).status_code == 200


async def test_broadcasts_share_what_is_fetched_at_once(
    platform: Platform, viewer: httpx.AsyncClient, origin: BroadcastOrigin
) -> None:
    others = 30
    for number in range(others):
        where = WatchedBroadcast(origin=origin.url.replace("abc", f"b{number}"))
        await platform.redis.set(redis_names.watched_broadcast(f"{KEY[:-2]}{number:02}"), encode(where), px=60_000)
        origin.held.add(f"/hls/b{number}/seg_1.m4s")
    origin.held |= {f"/hls/abc/seg_{number}.m4s" for number in range(MAX_FETCHES)}
    watching = [asyncio.create_task(viewer.get(f"/live/{KEY[:-2]}{number:02}/seg_1.m4s")) for number in range(others)]
    await platform.eventually(lambda: origin.waiting == others)
    asked = [asyncio.create_task(viewer.get(f"{LIVE}/seg_{number}.m4s")) for number in range(MANY - others)]
    await platform.eventually(lambda: sum(task.done() for task in asked) == len(asked) - LEAST_FETCHES)
    assert {task.result().status_code for task in asked if task.done()} == {503}
    origin.release()
    await asyncio.wait([*watching, *asked])


async def test_guesses_at_keys_take_few_connections_to_redis(platform: Platform, viewer: httpx.AsyncClient) -> None:
    before = len(await platform.redis.client_list())
    guesses = (viewer.get(f"/live/{KEY[:-2]}{number:02}/index.m3u8") for number in range(MANY))
    assert {answer.status_code for answer in await asyncio.gather(*guesses)} == {404}
    assert len(await platform.redis.client_list()) <= before + LIVE_CONNECTIONS


async def test_who_does_not_read_is_cut_off(
    platform: Platform, viewer: httpx.AsyncClient, origin: BroadcastOrigin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "EMPTY_WITHIN_S", 0.2)
    origin.pieces["seg_2.m4s"] = bytes(24 * 1024 * 1024)
    with socket.create_connection((viewer.base_url.host, viewer.base_url.port or 0)) as lazy:
        lazy.sendall(f"GET {LIVE}/seg_2.m4s HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        labels = {"piece": "media", "code": "gone"}
        count = "parley_gateway_live_request_seconds_count"
        await platform.eventually(lambda: METRICS.registry.get_sample_value(count, labels))
        lazy.settimeout(5)
        got = 0
        with contextlib.suppress(ConnectionResetError):
            while data := lazy.recv(1 << 20):
                got += len(data)
    assert got < len(origin.pieces["seg_2.m4s"])
    assert len((await viewer.get(f"{LIVE}/seg_2.m4s")).content) == len(origin.pieces["seg_2.m4s"])


@pytest.mark.parametrize(
    ("query", "one_form"),
    [
        (b"_HLS_msn=007", "_HLS_msn=7"),
        (b"_HLS_part=03&_HLS_msn=7", "_HLS_msn=7&_HLS_part=3"),
        (b"_HLS_msn=7&_HLS_part=4", "_HLS_msn=8&_HLS_part=0"),
        (b"_HLS_msn=7&_HLS_part=9999&_HLS_skip=YES", "_HLS_msn=8&_HLS_part=0"),
        (b"_HLS_skip=v2", ""),
    ],
)
def test_what_means_the_same_is_asked_for_in_one_form(query: bytes, one_form: str) -> None:
    asked, _ = parsed("GET", f"{LIVE}/index.m3u8", query)
    assert asked.query == one_form


@pytest.mark.parametrize(
    "path",
    [
        f"{LIVE}/../../healthz",
        f"{LIVE}/a/../index.m3u8",
        f"{LIVE}/%2e%2e/index.m3u8",
        f"{LIVE}/.hidden/index.m3u8",
        f"{LIVE}//index.m3u8",
        f"{LIVE}/a/b/c/d/index.m3u8",
        f"{LIVE}/http://169.254.169.254/index.m3u8",
        f"{LIVE}/@evil.example/index.m3u8",
        f"{LIVE}/index.m3u8%3Fa=b",
        f"{LIVE}/index.m3u8\n",
        f"{LIVE}/index.php",
        f"{LIVE}/",
        LIVE,
        "/live/short/index.m3u8",
        f"/live/{KEY}x/index.m3u8",
    ],
)
def test_nothing_leads_out_of_a_broadcast(path: str) -> None:
    with pytest.raises(Refusal) as refused:
        parsed("GET", path, b"")
    assert refused.value.code == "not_found"


@pytest.mark.parametrize(
    "query",
    [b"_HLS_msn=-1", b"_HLS_msn=1e9", b"_HLS_part=1", b"_HLS_msn=1&_HLS_skip=no", b"_HLS_msn=", b"_HLS_msn=%D9%A3"],
)
def test_numbers_that_are_none_are_refused(query: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        parsed("GET", f"{LIVE}/index.m3u8", query)
    assert refused.value.code == "bad_request"


async def test_it_can_only_be_watched(viewer: httpx.AsyncClient) -> None:
    refused = await viewer.post(f"{LIVE}/index.m3u8")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    preflight = await viewer.options(f"{LIVE}/index.m3u8")
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Methods"]) == (204, "GET, HEAD")


async def _code_is(viewer: httpx.AsyncClient, code: str) -> bool:
    answer = await viewer.get(f"{LIVE}/index.m3u8")
    return answer.status_code != 200 and answer.json()["code"] == code
