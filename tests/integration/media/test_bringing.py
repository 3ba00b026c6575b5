"""How files of recordings get into the bucket: large ones in parts, none over another's, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contracts.recording_manifest import MANIFEST, Manifest, PartEnd
from media_fleet.recorder import manifest, pieces, restore
from media_fleet.recorder.bucket import PART, RecordingsBucket
from media_fleet.recorder.courier import Courier
from media_fleet.recorder.upload import upload
from tests.integration.media.aiortc_client import MEETING
from tests.integration.media.recordings_bucket import BUCKET, in_bucket

PREFIX = f"{MEETING}/rec_1/"


@pytest.fixture
def bucket(s3: Any, s3_url: str) -> RecordingsBucket:
    assert s3
    return RecordingsBucket(BUCKET, s3_url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A part that its recorder has completed, with a file of more than one part of an upload."""
    folder = tmp_path / MEETING / "rec_1" / "1-node"
    folder.mkdir(parents=True)
    (folder / "001.webm").write_bytes(bytes(range(256)) * (PART // 256) + b"the end")
    (folder / "002.webm").write_bytes(b"small")
    manifest.write(told(PartEnd.FINISHED), folder)
    return folder


def told(end: PartEnd | None) -> Manifest:
    """A manifest; with None that of a part that is being made."""
    ended_at = None if end is None else 9
    return Manifest(meeting_id=MEETING, recording_id="rec_1", started_at=0, ended_at=ended_at, files=(), end=end)


def uploads(s3: Any) -> list[Any]:
    return list(s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


def test_large_files_are_whole_and_what_a_killed_process_had_begun_is_aborted(
    bucket: RecordingsBucket, s3: Any, tmp_path: Path, folder: Path
) -> None:
    large, small = (folder / "001.webm").read_bytes(), (folder / "002.webm").read_bytes()
    for name in (f"{PREFIX}1-node/001.webm", f"{PREFIX}2-other/001.webm"):
        begun = s3.create_multipart_upload(Bucket=BUCKET, Key=name)
        s3.upload_part(Bucket=BUCKET, Key=name, UploadId=begun["UploadId"], PartNumber=1, Body=b"x")
    upload(bucket, tmp_path, folder, min_free_bytes=0)
    objects = in_bucket(s3)
    assert objects[f"{PREFIX}1-node/001.webm"] == large
    assert objects[f"{PREFIX}1-node/002.webm"] == small
    assert s3.head_object(Bucket=BUCKET, Key=f"{PREFIX}1-node/001.webm")["ContentType"] == "video/webm"
    [other] = uploads(s3)
    assert other["Key"] == f"{PREFIX}2-other/001.webm", "another part is another's affair"
    s3.abort_multipart_upload(Bucket=BUCKET, Key=other["Key"], UploadId=other["UploadId"])
    assert not folder.exists()


def test_an_upload_that_fails_on_its_way_is_aborted(
    bucket: RecordingsBucket, s3: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "SlowDown", "Message": "Please reduce your request rate."}}, "UploadPart")

    monkeypatch.setattr(bucket._client, "upload_part", refuse)
    with pytest.raises(ClientError, match="SlowDown"):
        bucket.put_file(folder / "001.webm", f"{PREFIX}1-node/001.webm", only_new=False)
    assert (uploads(s3), in_bucket(s3)) == ([], {})


def test_what_was_put_together_from_pieces_replaces_nothing_and_is_replaced_by_the_whole(
    bucket: RecordingsBucket, s3: Any, tmp_path: Path, folder: Path
) -> None:
    whole = {name: (folder / name).read_bytes() for name in ("001.webm", "002.webm", MANIFEST)}
    following = pieces.next_piece(folder, pieces.Progress())
    assert following is not None
    bucket.put_piece(PREFIX, "1-node", 0, pieces.encoder.encode(following[0]))
    upload(bucket, tmp_path, folder, min_free_bytes=0)
    late = tmp_path / MEETING / "rec_1" / "1-node"
    late.mkdir()
    for name in whole:
        (late / name).write_bytes(b"x" * PART if name == "001.webm" else b"cut off")
    manifest.write(told(PartEnd.FINISHED), late)  # by which nobody knows that it was put together
    (late / pieces.RESCUED).touch()
    upload(bucket, tmp_path, late, min_free_bytes=0)
    assert in_bucket(s3) == {f"{PREFIX}1-node/{name}": data for name, data in whole.items()}
    assert uploads(s3) == []


def test_a_node_that_is_lost_while_it_brings_a_finished_part_leaves_all_of_it(
    bucket: RecordingsBucket, s3: Any, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest.write(told(None), folder)
    (folder / "001.webm").write_bytes(b"some of it")
    courier = Courier(bucket, tmp_path)
    assert courier.bring_all().pieces == 1
    (folder / "001.webm").write_bytes(b"some of it, and its end")  # after the last piece of the courier
    manifest.write(told(PartEnd.FINISHED), folder)
    finished = {name: (folder / name).read_bytes() for name in ("001.webm", "002.webm", MANIFEST)}

    def lost(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": "SlowDown", "Message": "Please reduce your request rate."}}, "PutObject")

    with monkeypatch.context() as patch:
        patch.setattr(bucket, "put_file", lost)
        for _ in range(2):
            with pytest.raises(ClientError, match="SlowDown"):
                upload(bucket, tmp_path, folder, min_free_bytes=0)
    assert (courier.bring_all().pieces, len(in_bucket(s3))) == (0, 2), "nothing follows the last piece"
    other = tmp_path / "other"
    other.mkdir()
    rescued = other / MEETING / "rec_1" / "1-node"
    assert restore.restore(bucket, other, rescued, silent_s=0, min_free_bytes=0)
    assert {name: (rescued / name).read_bytes() for name in finished} == finished
    upload(bucket, tmp_path, folder, min_free_bytes=0)
    (rescued / "001.webm").write_bytes(b"what replaces nothing")
    upload(bucket, other, rescued, min_free_bytes=0)
    assert in_bucket(s3) == {f"{PREFIX}1-node/{name}": data for name, data in finished.items()}


@pytest.mark.parametrize("silent_s", [0.0, 60.0])
def test_a_part_is_restored_once_no_pieces_come_any_more(
    bucket: RecordingsBucket, s3: Any, tmp_path: Path, silent_s: float
) -> None:
    made, lost = tmp_path / "made", tmp_path / "root" / MEETING / "rec_1" / "1-node"
    made.mkdir()
    unended = Manifest(meeting_id=MEETING, recording_id="rec_1", started_at=5, ended_at=None, files=())
    manifest.write(unended, made)
    (made / "001.webm").write_bytes(b"grown")
    following = pieces.next_piece(made, pieces.Progress())
    assert following is not None
    bucket.put_piece(PREFIX, "1-node", 0, pieces.encoder.encode(following[0]))
    (tmp_path / "root").mkdir()
    is_there = restore.restore(bucket, tmp_path / "root", lost, silent_s=silent_s, min_free_bytes=0)
    assert is_there is lost.exists() is (silent_s == 0)
    if is_there:
        assert (lost / "001.webm").read_bytes() == b"grown"
        assert manifest.read(lost).end is PartEnd.NODE_LOST
    assert not restore.restore(bucket, tmp_path / "root", lost.with_name("2-node"), silent_s=0, min_free_bytes=0)
    with pytest.raises(OSError, match="no room"):
        restore.restore(bucket, tmp_path / "root", lost, silent_s=0, min_free_bytes=1 << 60)
    assert s3
