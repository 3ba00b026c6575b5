"""A host with a meeting that has one of everything that an address can name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from contracts.leaving import LeaveReason
from contracts.log_events import MeetingEnded
from tests.integration.functions.meeting_hosts import in_utc, tell
from tests.integration.functions.recording_studio import Studio
from tests.unit.meetings_service.room_history import START, asked, joined, left, moved, notes_kept, said

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from tests.integration.functions.conftest import Person
    from tests.integration.functions.lambda_events import Client


HISTORY = (
    joined(1, START),
    joined(2, START + 1),
    said(1, START + 2),
    asked(1, START + 3),
    moved(1, START + 4, "b_1"),
    notes_kept("Tea.", 1, START + 5),
    replace(left(2, START + 6, LeaveReason.REMOVED), banned="Guest 2"),
    left(1, START + 7),
    MeetingEnded(at=START + 8, by=None),
)
"""A session in which somebody did everything that is kept of it, and somebody was banned."""


class Furnished:
    """Its host, what its parts are called, and bodies of requests that name such parts."""

    def __init__(self, meetings: Client, s3: S3Client, bucket: str, person: Callable[..., Person]) -> None:
        studio = Studio(meetings, s3, bucket, person)
        self.host, friend = studio.host, studio.somebody("Bob")
        schedule = {**in_utc(60), "rule": "FREQ=DAILY;COUNT=9"}
        meeting = self.host.make(schedule=schedule)
        self._path, first = f"/{meeting['id']}", meeting["schedule"]["start"]
        studio.meeting = meeting
        recording = studio.made()
        tell(meetings, meeting["id"], *HISTORY, first=20)  # the recording has versions below
        self._made("invitees", {"user_id": friend.person.id, "name": friend.person.name})
        shared = self.host.ask("POST", f"/recordings/{recording}/shares", {"user_id": friend.person.id, "name": "Bob"})
        assert shared.status < 300, shared.text
        answer = self.host.ask("PUT", f"{self._path}/prepared/breakouts", {"rooms": [{"name": "Red"}]})
        assert answer.status == 200, answer.text
        poll = self._made("prepared/polls", {"question": "?", "options": ["a", "b"]})
        files = self.host.ask("GET", f"/recordings/{recording}").json()["files"]
        self.host.ask("PUT", "/personal", {})
        later = self.host.ask("GET", f"{self._path}/occurrences").json()["items"][4]["occurrence"]
        self.names: dict[str, str] = {
            "id": meeting["id"],
            "session": "1",
            "invitee_id": friend.person.id,
            "poll_id": poll["id"],
            "occurrence_id": first,
            "identity_id": str(HISTORY[6].identity),
            "key_id": self._made("stream-keys", {"name": "x"})["id"],
            "recording_id": recording,
            "file_id": files[0]["id"],
            "share_id": friend.person.id,
        }
        self.bodies: dict[str, dict[str, Any]] = {
            "transfer_meeting": {"user_id": friend.person.id, "name": "Bob"},
            "split_series": {"occurrence": later},
            "end_series": {"occurrence": later},
            "order_prepared_polls": {"ids": [poll["id"]]},
        }

    def _made(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.host.ask("POST", f"{self._path}/{what}", body)
        assert answer.status < 300, answer.text
        made: dict[str, Any] = answer.json()
        return made
