"""The catalogue of recordings: from facts and what the recorders bring, to lists, files, shares, and their end."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest
from meetings_service.domain.webhook_events import EventType
from meetings_service.domain.webhooks import Secret, Webhook, new_secret

from contracts.recording_manifest import MANIFEST, Manifest, PartEnd, unfinished
from functions.serverless.times import rfc3339
from tests.integration.functions.conftest import Person
from tests.integration.functions.counted_calls import counted_calls
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.meeting_hosts import Host, came_in, tell
from tests.integration.functions.recording_studio import DAY_MS, PICTURE, POSTER, Studio, ids, now_ms, one

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def studio(meetings: Client, s3: S3Client, tables: dict[str, str], person: Callable[..., Person]) -> Studio:
    return Studio(meetings, s3, tables["recordings"], person)


@pytest.fixture
def root(meetings: Client, admin: Person) -> Iterator[Host]:
    """An administrator; the organisation's policy is put back."""
    host = Host(meetings, admin)
    yield host
    assert host.ask("PUT", "/organisation", {"defaults": {}}).status == 200


def fetched(address: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
        data: bytes = answer.read()
        return data


def test_a_recording_is_seen_from_its_beginning_and_ready_once_its_files_are_there(studio: Studio) -> None:
    tell(studio.meetings, studio.meeting["id"], came_in(studio.host), first=1)
    recording_id = studio.record(stops=False)
    told = one(studio.host, recording_id).json()
    assert told["state"] == "recording"
    assert (told["title"], told["session"], told["files"]) == ("Weekly", 1, [])
    again = studio.facts(recording_id, studio.meeting["id"], now_ms() + 1)
    tell(studio.meetings, studio.meeting["id"], again[1], first=8)
    assert one(studio.host, recording_id).json()["state"] == "processing"
    studio.bring(recording_id, whole=False)
    assert one(studio.host, recording_id).json()["state"] == "processing", "its manifest is not there"
    studio.bring(recording_id)
    told = one(studio.host, recording_id).json()
    assert (told["state"], told["duration_ms"], told["stopped_because"]) == ("ready", 5_000, "asked")
    assert told["bytes"] > len(PICTURE)
    camera, manifest = told["files"]
    assert (camera["source"], camera["name"], camera["codec"], camera["start_ms"]) == ("camera", "Guest 1", "VP8", 20)
    assert (manifest["source"], manifest["content_type"]) == ("manifest", "application/json")


def test_facts_that_come_twice_and_the_wrong_way_round_make_one_recording(studio: Studio) -> None:
    recording_id, room = f"rec_{uuid.uuid4().hex}", studio.meeting["id"]
    begun, over = studio.facts(recording_id, room, now_ms())
    tell(studio.meetings, room, over, first=9)
    assert one(studio.host, recording_id).status == 404
    tell(studio.meetings, room, begun, first=8)
    assert studio.host.ask("PATCH", f"/recordings/{recording_id}", {"title": "Mine"}).json()["title"] == "Mine"
    tell(studio.meetings, room, begun, over, first=8)
    told = one(studio.host, recording_id).json()
    assert (told["state"], told["title"]) == ("processing", "Mine")
    assert ids(studio.host.ask("GET", "/recordings")) == [recording_id]


def test_the_schedule_makes_recordings_ready_and_gives_up_what_never_comes(studio: Studio) -> None:
    ready, lost = studio.made(), studio.record()
    studio.upkeep(after_ms=6 * 60_000)
    table = studio.meetings.module.recordings_table
    assert (table.find(ready).state, table.find(lost).state) == ("ready", "processing")
    studio.upkeep(after_ms=8 * DAY_MS)
    assert table.find(lost).state == "lost"
    looks = [look.recording_id for look in table.looks_due(now_ms() + 365 * DAY_MS, limit=1_000)]
    assert ready not in looks
    assert lost not in looks
    studio.bring(lost)
    assert one(studio.host, lost).json()["files"], "what comes all the same can be had"


def test_webhooks_are_told_once_that_a_recording_can_be_fetched(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, host = studio.meetings.module, studio.host.person.id
    webhook = Webhook(
        id=f"wh_{uuid.uuid4().hex}",
        owner=host,
        url="https://hooks.example/",
        events=(EventType.RECORDING_READY,),
        secrets=(Secret(text=new_secret(bytes(32))),),
        created_at=now_ms(),
    )
    assert module.webhooks_table.add(webhook)
    recording_id = studio.record()
    assert one(studio.host, recording_id).json()["state"] == "processing"
    assert not module.webhooks_table.page(webhook.id, cursor=None, limit=9).deliveries
    studio.bring(recording_id)
    with monkeypatch.context() as patch:  # cut off once it was told, and before that was noted
        patch.setattr(module.recordings_table, "settle", lambda *_, **__: 1 / 0)
        assert one(studio.host, recording_id).status == 500
    studio.upkeep(after_ms=6 * 60_000)
    told = one(studio.host, recording_id).json()
    (delivery,) = module.webhooks_table.page(webhook.id, cursor=None, limit=9).deliveries
    body = json.loads(delivery.body)
    assert (body["type"], body["data"]["meeting"]["id"]) == ("recording.ready", studio.meeting["id"])
    made = {"id": recording_id, "duration_ms": told["duration_ms"], "bytes": told["bytes"]}
    assert (body["data"]["recording"], body["data"]["session"]) == (made, 1)
    module.webhooks_table.delete(webhook.id)


def test_a_part_of_a_lost_node_is_waited_for_and_what_is_missing_is_told(studio: Studio) -> None:
    at = now_ms()
    recording_id = studio.record(at=at)
    prefix = f"{studio.meeting['id']}/{recording_id}/"
    piece = f"{unfinished(prefix, '1-lost')}00000000"
    studio.s3.put_object(Bucket=studio.bucket, Key=piece, Body=b"a piece")
    bring_manifest(studio, f"{prefix}2-node/", started_at=at + 3_000, ended_at=at + 5_000, end=PartEnd.FINISHED)
    told = one(studio.host, recording_id).json()
    assert (told["state"], told["gaps"]) == ("processing", [])
    bring_manifest(studio, f"{prefix}1-lost/", started_at=at, ended_at=at + 1_250, end=PartEnd.NODE_LOST)
    told = one(studio.host, recording_id).json()
    gap = {"kind": "tracks", "begins_at": rfc3339(at + 1_250), "ends_at": rfc3339(at + 3_000), "reason": "node_lost"}
    assert (told["state"], told["gaps"], told["duration_ms"]) == ("ready", [gap], 5_000)
    [listed] = studio.host.ask("GET", "/recordings").json()["items"]
    assert listed["gaps"] == [gap]
    assert studio.host.ask("DELETE", f"/recordings/{recording_id}").status == 204
    left = studio.s3.list_objects_v2(Bucket=studio.bucket, Prefix=unfinished(prefix))
    assert left["KeyCount"] == 0, "its pieces are deleted, too"


def bring_manifest(studio: Studio, part: str, *, started_at: int, ended_at: int, end: PartEnd) -> None:
    told = Manifest(
        meeting_id=studio.meeting["id"], recording_id="", started_at=started_at, ended_at=ended_at, files=(), end=end
    )
    studio.s3.put_object(Bucket=studio.bucket, Key=f"{part}{MANIFEST}", Body=msgspec.json.encode(told))


def test_a_second_part_is_waited_for_while_it_comes(studio: Studio) -> None:
    recording_id = studio.record()
    studio.bring(recording_id, "1-node")
    studio.bring(recording_id, "2-other", whole=False)
    assert one(studio.host, recording_id).json()["state"] == "processing"
    studio.bring(recording_id, "2-other")
    told = one(studio.host, recording_id).json()
    assert told["state"] == "ready"
    assert [file["part"] for file in told["files"]] == ["1-node", "1-node", "2-other", "2-other"]


def test_one_file_is_had_by_an_address_that_opens_nothing_else(studio: Studio, s3: S3Client) -> None:
    recording_id = studio.made()
    camera = one(studio.host, recording_id).json()["files"][0]
    answer = studio.host.ask("POST", f"/recordings/{recording_id}/files/{camera['id']}/download")
    assert answer.status == 200, answer.text
    address = answer.json()["url"]
    assert fetched(address) == PICTURE
    assert fetched(address, Range="bytes=2-8") == PICTURE[2:9]
    with urllib.request.urlopen(address) as got:
        assert got.headers["Content-Disposition"] == 'attachment; filename="Weekly-001.webm"'
    query = urlsplit(address).query
    assert "X-Amz-Expires=300" in query
    assert f"/{studio.meeting['id']}/{recording_id}/1-node/001.webm" in urlsplit(address).path
    for file_id in ("1-node~002.webm", "1-node~..", "..~manifest.json", "x", "2-node~001.webm"):
        refused = studio.host.ask("POST", f"/recordings/{recording_id}/files/{file_id}/download")
        assert (refused.status, refused.code) == (404, "not_found"), file_id


def test_a_film_has_chapters_people_and_a_poster_that_its_address_opens(studio: Studio) -> None:
    tell(studio.meetings, studio.meeting["id"], came_in(studio.host), first=1)
    recording_id = studio.record()
    assert one(studio.host, recording_id).json()["poster"] is None
    studio.bring_film(recording_id)
    told = one(studio.host, recording_id).json()
    film, manifest = told["files"]
    assert (film["source"], manifest["source"]) == ("meeting", "manifest")
    ada, bob = {"participant_id": "p_1", "name": "Guest 1"}, {"participant_id": "p_2", "name": None}
    assert film["chapters"] == [
        {"start_ms": 0, "end_ms": 20_000, "speakers": [ada]},
        {"start_ms": 20_000, "end_ms": 60_000, "speakers": [bob, ada]},
    ]
    assert told["participants"] == [ada, bob]
    listed = studio.host.ask("GET", "/recordings").json()["items"]
    of_meeting = studio.host.ask("GET", f"/{studio.meeting['id']}/recordings").json()["items"]
    renamed = studio.host.ask("PATCH", f"/recordings/{recording_id}", {"title": "Talk"}).json()
    for poster in (told["poster"], listed[0]["poster"], of_meeting[0]["poster"], renamed["poster"]):
        assert fetched(poster["url"]) == POSTER
        with urllib.request.urlopen(poster["url"]) as got:
            assert got.headers["Content-Type"] == "image/jpeg"
            assert got.headers["Content-Disposition"] is None
        assert "X-Amz-Expires=3600" in urlsplit(poster["url"]).query
    refused = studio.host.ask("POST", f"/recordings/{recording_id}/files/1-node.composite~poster.jpg/download")
    assert refused.status == 404, "it is no file of the recording's"
    assert studio.host.ask("DELETE", f"/recordings/{recording_id}").status == 204
    assert studio.keys(recording_id) == []


def test_who_sees_and_who_may_change_a_recording(studio: Studio, root: Host) -> None:
    recording_id = studio.made()
    stranger, cohost, viewer = studio.somebody("Eve"), studio.somebody("Cleo"), studio.somebody("Vic")
    body = {"user_id": cohost.person.id, "role": "cohost"}
    assert studio.host.ask("POST", f"/{studio.meeting['id']}/invitees", body).status == 200
    shared = studio.host.ask("POST", f"/recordings/{recording_id}/shares", {"user_id": viewer.person.id, "name": "Vic"})
    assert shared.status == 200, shared.text
    file_id = one(studio.host, recording_id).json()["files"][0]["id"]
    for who, read, rename, delete in (
        (stranger, 404, 404, 404),
        (viewer, 200, 403, 403),
        (cohost, 200, 200, 403),
        (root, 200, 200, 204),
    ):
        assert one(who, recording_id).status == read
        assert who.ask("POST", f"/recordings/{recording_id}/files/{file_id}/download").status == read
        assert who.ask("GET", f"/recordings/{recording_id}/shares").status == rename
        assert who.ask("PATCH", f"/recordings/{recording_id}", {"title": "Talk"}).status == rename
        assert who.ask("DELETE", f"/recordings/{recording_id}").status == delete
    assert stranger.ask("GET", f"/{studio.meeting['id']}/recordings").status == 403
    assert stranger.ask("GET", "/recordings?list=all").status == 403


def test_what_is_shared_is_listed_and_can_be_taken_back(studio: Studio) -> None:
    recording_id, other = studio.made(), studio.made()
    bob = studio.somebody()
    asked = {"user_id": bob.person.id}
    first = studio.host.ask("POST", f"/recordings/{recording_id}/shares", asked)
    assert studio.host.ask("POST", f"/recordings/{recording_id}/shares", asked).json() == first.json()
    assert ids(bob.ask("GET", "/recordings?list=shared")) == [recording_id]
    assert bob.ask("GET", "/recordings?list=shared").json()["items"][0]["access"] == "view"
    assert one(bob, other).status == 404
    for body in ({}, {"user_id": bob.person.id, "address": "b@example.org"}, {"address": "none"}):
        assert studio.host.ask("POST", f"/recordings/{recording_id}/shares", body).status == 422
    listed = studio.host.ask("GET", f"/recordings/{recording_id}/shares").json()["items"]
    assert [each["key"] for each in listed] == [bob.person.id]
    assert studio.host.ask("DELETE", f"/recordings/{recording_id}/shares/{bob.person.id}").status == 204
    assert studio.host.ask("DELETE", f"/recordings/{recording_id}/shares/{bob.person.id}").status == 404
    assert one(bob, recording_id).status == 404
    assert ids(bob.ask("GET", "/recordings?list=shared")) == []


def test_what_is_shared_with_an_address_is_its_accounts_once_it_is_proven(studio: Studio) -> None:
    recording_id = studio.made()
    table, address = studio.meetings.module.recordings_table, f"{uuid.uuid4().hex}@example.org"
    assert studio.host.ask("POST", f"/recordings/{recording_id}/shares", {"address": address.upper()}).status == 200
    assert table.share_for(recording_id, user_id="u_b", address=None) is None
    assert table.share_for(recording_id, user_id="u_b", address=address) is not None
    table.claim(address, f"u_{address[:8]}", limit=25)
    assert [each.recording_id for each in table.shared_with(f"u_{address[:8]}", after=None, limit=5).recordings] == [
        recording_id
    ]
    shares = studio.host.ask("GET", f"/recordings/{recording_id}/shares").json()["items"]
    assert [(each["key"], each["user_id"]) for each in shares] == [(address, f"u_{address[:8]}")]


def test_lists_go_page_by_page_the_latest_first(studio: Studio, root: Host) -> None:
    begun = now_ms()
    made = [studio.record(at=begun + 1_000 * number) for number in range(5)]
    for path in ("/recordings?", f"/{studio.meeting['id']}/recordings?"):
        found, cursor = [], ""
        for _ in range(3):
            page = studio.host.ask("GET", f"{path}limit=2{cursor}").json()
            found += [each["id"] for each in page["items"]]
            cursor = f"&cursor={page['next_cursor']}"
        assert found == made[::-1]
    assert set(ids(root.ask("GET", "/recordings?list=all&limit=100"))) >= set(made)
    assert studio.host.ask("GET", "/recordings?cursor=nonsense").status == 422


def test_recordings_of_later_sessions_are_their_meetings(studio: Studio) -> None:
    room = f"{studio.meeting['id']}.2"
    recording_id = studio.record(room=room)
    studio.bring(recording_id, room=room)
    told = one(studio.host, recording_id).json()
    assert (told["meeting_id"], told["session"], told["state"]) == (studio.meeting["id"], 2, "ready")
    assert ids(studio.host.ask("GET", f"/{studio.meeting['id']}/recordings")) == [recording_id]


def test_recordings_of_one_session_are_listed_alone_and_end_where_it_began(studio: Studio) -> None:
    meeting, at = studio.meeting["id"], now_ms()
    rooms = [(1, meeting), (2, f"{meeting}.2"), (2, f"{meeting}.2"), (3, f"{meeting}.3")]
    made = [(number, studio.record(room=room, at=at + offset)) for offset, (number, room) in enumerate(rooms)]
    for session in (1, 2, 3, 4):
        path = f"/{meeting}/recordings?session={session}&limit=1"
        found: list[str] = []
        following: str | None = ""
        pages = 0
        while following is not None:
            answer = studio.host.ask("GET", path + following)
            found += ids(answer)
            pages += 1
            cursor = answer.json()["next_cursor"]
            following = None if cursor is None else f"&cursor={cursor}"
        assert found == [recording_id for number, recording_id in reversed(made) if number == session]
        assert session < 4 or pages == 1, "what came before is of no later session"
    assert studio.host.ask("GET", f"/{meeting}/recordings?session=0").status == 422


def test_a_title_is_not_written_over_one_that_was_never_seen(studio: Studio) -> None:
    recording_id = studio.record()
    path = f"/recordings/{recording_id}"
    seen = one(studio.host, recording_id).headers["etag"]
    first = studio.host.ask("PATCH", path, {"title": "First"}, if_match=seen)
    assert (first.status, first.json()["title"]) == (200, "First")
    late = studio.host.ask("PATCH", path, {"title": "Late"}, if_match=seen)
    assert (late.status, late.code) == (412, "precondition_failed")
    read = one(studio.host, recording_id)
    assert (read.json()["title"], read.headers["etag"]) == ("First", first.headers["etag"])
    studio.bring(recording_id)
    assert one(studio.host, recording_id).headers["etag"] == first.headers["etag"], "its files are no other title"
    assert studio.host.ask("PATCH", path, {"title": "Second"}, if_match=first.headers["etag"]).status == 200
    assert studio.host.ask("PATCH", path, {"title": "Third"}).status == 200, "heeded, not demanded"


def test_a_page_costs_the_same_however_many_there_are(studio: Studio, dynamodb: Any) -> None:
    def cost(path: str) -> list[str]:
        with counted_calls(dynamodb) as calls:
            assert len(ids(studio.host.ask("GET", f"{path}?limit=3"))) == 3
        return sorted(calls)

    paths = ("/recordings", f"/{studio.meeting['id']}/recordings")
    for _ in range(4):
        studio.record(stops=False)
    few = [cost(path) for path in paths]
    for _ in range(12):
        studio.record(stops=False)
    assert [cost(path) for path in paths] == few
    assert all("Scan" not in each and len(each) <= 4 for each in few)


def test_manifests_that_cannot_be_read_cost_their_part_alone(studio: Studio) -> None:
    recording_id = studio.record()
    studio.bring(recording_id)
    key = f"{studio.meeting['id']}/{recording_id}/2-node/{MANIFEST}"
    studio.s3.put_object(Bucket=studio.bucket, Key=key, Body=json.dumps({"version": 9}).encode())
    told = one(studio.host, recording_id).json()
    assert told["state"] == "ready"
    assert {file["part"] for file in told["files"]} == {"1-node"}
