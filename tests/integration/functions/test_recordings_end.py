"""The end of recordings: deleted by those who may, by the policy, and with their meetings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.meeting_hosts import Host, tell
from tests.integration.functions.recording_studio import DAY_MS, Studio, ids, now_ms, one

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


def test_deleted_means_files_entry_and_shares(studio: Studio) -> None:
    recording_id = studio.made()
    bob = studio.somebody()
    studio.host.ask("POST", f"/recordings/{recording_id}/shares", {"user_id": bob.person.id})
    assert studio.host.ask("DELETE", f"/recordings/{recording_id}").status == 204
    assert studio.keys(recording_id) == []
    assert studio.items(recording_id) == ["RECORDING"], "what is left knows only that it is gone"
    for who in (studio.host, bob):
        assert one(who, recording_id).status == 404
        assert ids(who.ask("GET", f"/recordings?list={'mine' if who is studio.host else 'shared'}")) == []
    assert studio.host.ask("DELETE", f"/recordings/{recording_id}").status == 404
    tell(studio.meetings, studio.meeting["id"], *studio.facts(recording_id, studio.meeting["id"], now_ms()), first=7)
    assert one(studio.host, recording_id).status == 404, "facts that come once more do not bring it back"
    assert studio.items(recording_id) == ["RECORDING"]
    studio.bring(recording_id, "2-late")
    studio.upkeep(after_ms=3_600_000)
    assert studio.keys(recording_id) == [], "nor do files that were still on their way"


def test_one_that_is_being_made_is_not_deleted(studio: Studio) -> None:
    recording_id = studio.record(stops=False)
    answer = studio.host.ask("DELETE", f"/recordings/{recording_id}")
    assert (answer.status, answer.code) == (409, "conflict")


def test_a_deletion_that_is_cut_off_anywhere_is_finished_by_the_schedule(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(Exception):
        pass

    module = studio.meetings.module
    steps = {
        (module.recordings_table, "begin_deletion"),
        (module.recordings_bucket, "delete"),
        (module.recordings_table, "finish_deletion"),
    }
    for owner, name in steps:
        recording_id = studio.made()
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, lambda *_, **__: (_ for _ in ()).throw(KilledError))
            assert studio.host.ask("DELETE", f"/recordings/{recording_id}").status == 500
        if name == "begin_deletion":
            assert one(studio.host, recording_id).status == 200, "nothing was done"
            assert studio.host.ask("DELETE", f"/recordings/{recording_id}").status == 204
        else:
            assert one(studio.host, recording_id).status == 404, "from the first moment nobody sees it"
            studio.upkeep(after_ms=60_000)
        assert studio.keys(recording_id) == []
        assert studio.items(recording_id) == ["RECORDING"]


def test_policy_is_announced_and_enforced_with_the_buckets_own_as_its_limit(
    studio: Studio, root: Host, new_meetings: Callable[..., Client]
) -> None:
    began = now_ms() - 40 * DAY_MS
    old, young = studio.record(at=began), studio.made()
    studio.bring(old)
    assert one(studio.host, old).json()["expires_at"] is None
    assert root.ask("PUT", "/organisation", {"defaults": {}, "recordings_days": 45}).json()["recordings_days"] == 45
    told = one(studio.host, old).json()
    assert told["expires_at"] > told["started_at"]
    assert ids(studio.host.ask("GET", "/recordings")) == [young, old]
    studio.upkeep(kept_days=studio.meetings.module.recordings_kept_days())
    assert one(studio.host, old).status == 200
    root.ask("PUT", "/organisation", {"defaults": {}, "recordings_days": 39})
    studio.upkeep(kept_days=studio.meetings.module.recordings_kept_days())
    assert one(studio.host, old).status == 404
    assert studio.keys(old) == []
    assert one(studio.host, young).status == 200
    limited = new_meetings(PARLEY_MEETINGS_RECORDINGS_KEPT_DAYS="30").module
    assert limited.recordings_kept_days() == 30
    assert root.ask("PUT", "/organisation", {"defaults": {}, "recordings_days": 0}).status == 422


def test_one_that_cannot_be_looked_after_is_in_nobodys_way(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, fine = studio.made(), studio.made()
    bucket = studio.meetings.module.recordings_bucket
    objects = bucket.objects

    def failing(prefix: str) -> Any:
        if broken in prefix:
            raise RuntimeError("no")
        return objects(prefix)

    studio.meetings.module.logger.addHandler(caplog.handler)
    try:
        with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
            patch.setattr(bucket, "objects", failing)
            studio.upkeep(after_ms=6 * 60_000)
    finally:
        studio.meetings.module.logger.removeHandler(caplog.handler)
    failed = [vars(each)["recording_id"] for each in caplog.records if each.msg == "recording_upkeep_failed"]
    assert set(failed) == {broken}
    table = studio.meetings.module.recordings_table
    assert (table.find(broken).state, table.find(fine).state) == ("processing", "ready")
    studio.upkeep(after_ms=6 * 60_000)
    assert table.find(broken).state == "ready"


def test_whoever_deletes_a_meeting_says_what_becomes_of_its_recordings(studio: Studio, root: Host) -> None:
    recording_id = studio.made()
    path = f"/{studio.meeting['id']}"
    answer = studio.host.ask("DELETE", path)
    assert (answer.status, answer.code) == (409, "conflict")
    assert studio.host.ask("DELETE", f"{path}?recordings=keep").status == 204
    assert one(studio.host, recording_id).json()["title"] == "Weekly"
    assert one(root, recording_id).status == 200
    assert one(studio.somebody("Eve"), recording_id).status == 404
    other = Studio(studio.meetings, studio.s3, studio.bucket, studio.person)
    gone = other.made()
    assert other.host.ask("DELETE", f"/{other.meeting['id']}?recordings=delete").status == 204
    assert other.keys(gone) == []
    assert one(other.host, gone).status == 404
    assert studio.host.ask("DELETE", f"/{studio.host.make()['id']}").status == 204, "one without any asks nothing"
