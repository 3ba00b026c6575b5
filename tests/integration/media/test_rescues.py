"""Whose it is to finish a part: claims are renewed while somebody is about it, and end with those who are not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import redis.asyncio

from contracts import redis_names
from contracts.recording_manifest import Manifest, PartEnd, unfinished
from contracts.rooms import NodeId, RecordingKind
from media_fleet import main
from media_fleet.adapters import recorders, rescue
from media_fleet.adapters.lease import LeaseKeeper
from media_fleet.adapters.recorders import RecorderStore
from media_fleet.adapters.rescue import Rescue
from media_fleet.main import RunningNode, running
from media_fleet.metrics import RECORDINGS_RESCUED
from media_fleet.recorder import pieces
from media_fleet.settings import Settings
from tests.doubles.node_gateway import Gateway
from tests.doubles.tcp_proxy import TcpProxy
from tests.doubles.tone import Tone
from tests.integration.media.aiortc_client import MEETING, Client
from tests.integration.media.kept_recordings import PATIENCE_S, PREFIX, Catalogue, now_ms, parts, recorded_ms, until
from tests.integration.media.kept_recordings import pieces as pieces_in
from tests.integration.media.recordings_bucket import BUCKET, to_bucket
from tests.integration.media.test_recordings_survive import begun

pytestmark = pytest.mark.timeout(400)
PART = "1-lost-node"
NAME = unfinished(PREFIX, PART)
KEY = redis_names.recording_rescue(NAME)
NEAR, FAR = NodeId("near"), NodeId("far")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_names, "RECORDING_RESCUE_MS", 1_500)
    monkeypatch.setattr(recorders, "START_S", PATIENCE_S)


@pytest.fixture
async def silence() -> AsyncIterator[tuple[str, int]]:
    """Who takes connections and says nothing."""
    over = asyncio.Event()

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    yield host, port
    over.set()
    server.close()


def new_store(path: Path, url: str) -> RecorderStore:
    path.mkdir()
    return RecorderStore(path=path, bucket=BUCKET, endpoint_url=url, piece_s=0)


def put_piece(s3: Any, data: bytes | None = None) -> None:
    """A part of a node that is lost."""
    made = Manifest(meeting_id=MEETING, recording_id="rec_1", started_at=5, ended_at=None, files=())
    grown = pieces.Slice(name="001.webm", offset=0, data=b"grown")
    whole = pieces.Piece(manifest=msgspec.json.encode(made), slices=(grown,))
    s3.put_object(Bucket=BUCKET, Key=f"{NAME}00000000", Body=data or pieces.encoder.encode(whole))


async def test_a_claim_is_renewed_while_a_rescue_works_and_until_the_part_is_in_the_bucket(
    redis_client: redis.asyncio.Redis, s3: Any, s3_url: str, tmp_path: Path, silence: tuple[str, int]
) -> None:
    put_piece(s3)
    address = urlsplit(s3_url)
    brought: list[Path] = []
    async with TcpProxy(silence) as slow:
        near = Rescue(
            redis_client,
            new_store(tmp_path / "near", f"http://127.0.0.1:{slow.port}"),
            node_id=NEAR,
            upload=brought.append,
        )
        far = Rescue(redis_client, new_store(tmp_path / "far", s3_url), node_id=FAR, upload=brought.append)
        near.consider((NAME,))
        await until(lambda: slow.accepted > 0)
        await renewed(redis_client, times=4)
        far.consider((NAME,))
        await done(far)
        assert not list((tmp_path / "far").iterdir()), "it is another's"
        slow.target = (address.hostname or "", address.port or 0)
        slow.cut()
        await until(lambda: brought)
        folder = tmp_path / "near" / MEETING / "rec_1" / PART
        assert brought == [folder]
        await renewed(redis_client, times=4)
        folder.rename(tmp_path / "in-the-bucket")
        await until_gone(redis_client)
        await near.close()
        await far.close()


async def test_who_begins_anew_with_what_was_rescued_here_claims_it_again_and_whoever_stops_gives_it_up(
    redis_client: redis.asyncio.Redis, s3: Any, s3_url: str, tmp_path: Path
) -> None:
    put_piece(s3)
    store, brought = new_store(tmp_path / "near", s3_url), list[Path]()
    first = Rescue(redis_client, store, node_id=NEAR, upload=brought.append)
    first.consider((NAME,))
    await until(lambda: brought)
    await done(first)
    await first.close()
    assert not await redis_client.exists(KEY)
    again = Rescue(redis_client, store, node_id=NEAR, upload=brought.append)
    again.consider((NAME,))
    await done(again)
    assert (await redis_client.get(KEY), len(brought)) == (b"near", 1)
    await again.close()


async def test_what_cannot_be_put_together_is_tried_ever_more_rarely_here_and_may_be_elsewhere(
    redis_client: redis.asyncio.Redis, s3: Any, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_piece(s3, b"no piece")
    failed = RECORDINGS_RESCUED.labels("failed")._value.get
    before, now = failed(), 0.0
    monkeypatch.setattr(rescue, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(rescue, "LONGEST_PAUSE_S", 200.0)
    near = Rescue(redis_client, new_store(tmp_path / "near", s3_url), node_id=NEAR, upload=lambda _: None)
    far = Rescue(redis_client, new_store(tmp_path / "far", s3_url), node_id=FAR, upload=lambda _: None)
    tries: list[float] = []
    for now in range(0, 600, 10):
        tried = failed()
        near.consider((NAME,))
        await done(near)
        tries += [now] * int(failed() - tried)
    assert tries == [0, 60, 180, 380, 580]
    assert not await redis_client.exists(KEY)
    far.consider((NAME,))
    await done(far)
    assert failed() - before == len(tries) + 1, "it has another disk"
    await near.close()
    await far.close()


async def test_a_node_that_stops_brings_pieces_to_the_end_and_is_not_taken_for_lost_meanwhile(  # noqa: PLR0917
    node_environ: dict[str, str],
    redis_client: redis.asyncio.Redis,
    gateway: Gateway,
    s3: Any,
    s3_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    claimed: list[list[Any]] = []
    couriers: list[bool] = []
    let_go, close = LeaseKeeper.let_go, recorders.Recorders.close
    environ = {**node_environ, **to_bucket(tmp_path / "first", s3_url), "PARLEY_NODE_RECORDINGS_PIECE_S": "0.5"}
    alice = Client(gateway, "alice")
    root = tmp_path / "first"
    async with running(Settings.from_environ(environ)) as node:

        async def letting_go(lease: LeaseKeeper) -> None:
            claimed.append(await redis_client.keys("parley:rescue:*"))
            await let_go(lease)

        async def closing(all_of_them: recorders.Recorders, patience_s: float) -> None:
            await close(all_of_them, PATIENCE_S)
            couriers.append(runs(node, "courier"))
            assert not runs(node, "lease")

        monkeypatch.setattr(LeaseKeeper, "let_go", letting_go)
        monkeypatch.setattr(recorders.Recorders, "close", closing)
        monkeypatch.setattr(main, "UPLOAD_PATIENCE_S", PATIENCE_S)
        await alice.join()
        await alice.publish(Tone(frequency=600))
        await begun(gateway, RecordingKind.TRACKS)
        started_at = now_ms()
        await until(lambda: parts(root) and all(recorded_ms(each) > 2_000 for each in parts(root).values()))
        await until(lambda: pieces_in(s3))
        [part] = parts(root)
        await alice.close()
    assert claimed == [[redis_names.recording_rescue(unfinished(PREFIX, part)).encode()]]
    assert couriers == [True]
    assert not await redis_client.keys("parley:rescue:*")
    catalogue = Catalogue(s3, RecordingKind.TRACKS, started_at=started_at, stopped_at=now_ms())
    assert catalogue.is_ready
    assert [each.end for each in catalogue.manifests.values()] == [PartEnd.FINISHED]


def runs(node: RunningNode, name: str) -> bool:
    return any(loop.get_name() == name and not loop.done() for loop in node.loops)


async def done(about: Rescue) -> None:
    assert about._task is not None
    await about._task


async def renewed(client: redis.asyncio.Redis, *, times: int) -> None:
    """Once a claim's life has begun anew so often."""
    async with asyncio.timeout(PATIENCE_S):
        left = await client.pttl(KEY)
        while times:
            await asyncio.sleep(0.02)
            now = await client.pttl(KEY)
            assert now > 0, "it has ended"
            times -= now > left
            left = now


async def until_gone(client: redis.asyncio.Redis) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await client.exists(KEY):  # noqa: ASYNC110  (what announces itself by no event)
            await asyncio.sleep(0.05)
