"""The function that takes the rooms' facts, killed before any of its writes, and what is in the table in the end.

A session in which everything happened that is kept of one is delivered, the function is killed, and the facts come
again: as they were, as a gateway delivers them, or (every other time) a few at a time from behind. In the end the table
is the one that was left where nobody killed anything.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from meetings_service.domain.record import changes_by_meeting
from msgspec.structs import replace

from contracts.facts import Fact
from contracts.leaving import LeaveReason
from contracts.log_events import LogEvent, PersonUnbanned, PollClosed
from contracts.rooms import Identity, MeetingId, Role
from functions.serverless import aws
from tests.integration.functions.auth_cuts.writes import through
from tests.integration.functions.conftest import AUTH_ISSUER, MEETINGS_ISSUER, Person
from tests.integration.functions.cut_store import ENVIRONMENT, WRITES, Request, Store
from tests.integration.functions.lambda_events import Client, load_app
from tests.integration.functions.test_facts_function import Clerk
from tests.integration.functions.webhook_owner import Owner
from tests.unit.meetings_service.room_history import (
    START,
    asked,
    edited,
    identity_of,
    joined,
    left,
    made,
    moved,
    notes_kept,
    opened,
    raised,
    reacted,
    recorded,
    removed,
    renamed,
    said,
    said_in,
    stay_of,
    stopped,
    voted,
    whispered,
)
from tests.unit.meetings_service.room_history import ended as ended_by

TOLD = ["meeting.started", "meeting.ended", "participant.joined", "participant.left", "recording.started"]
PART = 9
"""So many facts at once come again from behind."""
Table = dict[tuple[str, str], dict[str, Any]]


class Clock:
    """Stands still once it is told to: what is written twice is then the same, its times too."""

    def __init__(self) -> None:
        self._stands_at: float | None = None

    def __call__(self) -> float:
        return time.time() if self._stands_at is None else self._stands_at

    def stop(self) -> None:
        self._stands_at = time.time()


def session(host: Identity, prepared_poll: str) -> list[LogEvent]:
    """The host and two others, of whom one is banned, let back in and comes no more."""
    at = iter(range(START, START + 10_000, 100))
    coming = joined(0, next(at))
    mine = replace(coming, participant=replace(coming.participant, identity=host, role=Role.HOST))
    line, private, poll = said(0, next(at)), whispered(1, next(at), to=2), asked(1, next(at))
    return [
        mine,
        joined(1, next(at)),
        joined(2, next(at)),
        recorded(0, next(at) // 1000 * 1000),
        line,
        private,
        edited(line, 5, next(at)),
        removed(private, 6, next(at), by=1),
        said_in("b_1", 2, next(at)),
        replace(poll, poll=replace(poll.poll, prepared_id=prepared_poll)),
        voted(poll.poll.id, 2, next(at), (1, 0)),
        voted(poll.poll.id, 1, next(at), (1, 1)),
        PollClosed(at=next(at), poll_id=poll.poll.id),
        raised(2, next(at)),
        reacted(2, next(at)),
        reacted(1, next(at)),
        renamed(1, next(at)),
        made(1, next(at), Role.COHOST),
        opened("b_1", next(at)),
        moved(2, next(at), "b_1"),
        notes_kept("Tea, and then coffee.", 1, next(at)),
        notes_kept("Tea.", 1, next(at)),
        replace(left(2, next(at), LeaveReason.REMOVED), banned="Guest 2", by=stay_of(1)),
        PersonUnbanned(at=next(at), identity=identity_of(2), by=stay_of(1)),
        left(1, next(at)),
        stopped(0, START + 1000),
        ended_by(host, next(at)),
    ]


@dataclass(frozen=True)
class World:
    """A meeting whose host has a webhook, in a table of their own, and the facts of its session."""

    store: Store
    clerk: Clerk
    facts: list[Fact]

    def deliver(self, facts: list[Fact]) -> None:
        """With something that is no fact among them, as every batch may have."""
        batch = [msgspec.to_builtins(fact) for fact in facts]
        poison = {"meeting_id": facts[0].meeting_id, "version": 999, "event": {"type": "of_a_later_release", "at": 1}}
        accepted = self.clerk.deliver_raw(json.loads(msgspec.json.encode({"facts": [*batch, poison]})))
        assert [refused.version for refused in accepted.refused] == [999]

    def table(self) -> Table:
        return {(item["pk"], item["sk"]): item for item in self.store.items()}

    def assert_recorded(self) -> None:
        """What is kept of the session is what its facts tell."""
        meeting_id = self.facts[0].meeting_id
        expected = changes_by_meeting(self.facts)[meeting_id]
        assert self.clerk.record(meeting_id, expected.recordings) == replace(expected, bans={})


@pytest.fixture
def world(
    valkey: str,
    jwks_url: str,
    person: Callable[..., Person],
    token_of: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    store, clock = Store("MeetingsTableName"), Clock()
    settings = {
        "TABLE": store.table,
        "SIGNING_SECRET": "cuts/meetings/signing-keys",
        "SEALING_SECRET": "cuts/meetings/sealing-keys",
        "ISSUER": MEETINGS_ISSUER,
        "AUTH_ISSUER": AUTH_ISSUER,
        "AUTH_JWKS_URL": jwks_url,
        "PUBLIC_URL": "http://meet.test",
        "GATEWAY_URL": "http://meet.test",
        "REDIS_URL": valkey,
        "RECORDINGS_BUCKET": "parley-recordings",
        "WEBHOOK_REACH": "any",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(f"PARLEY_MEETINGS_{name}", value)
        patch.setattr(aws, "dynamodb_client", lambda: store.dynamodb)
        patch.setattr(aws, "secrets_client", lambda: store.secrets)
        patch.setattr(time, "time", clock)
        meetings = Client(load_app("meetings", "facts_cut_app"))
    ada = person("Ada")
    store.secrets.create_secret(Name=settings["SEALING_SECRET"])
    owner = Owner(meetings, ada, token_of(ada, roles=("administrator",)))
    meeting_id = MeetingId(owner.make()["id"])
    owner.subscribe("http://127.0.0.1:9/", TOLD)
    poll = owner.ask("POST", f"/{meeting_id}/prepared/polls", {"question": "Tea?", "options": ["yes", "no"]}).json()
    events = session(Identity(ada.id), poll["id"])
    facts = [Fact(meeting_id=meeting_id, version=n, event=event) for n, event in enumerate(events, start=1)]
    clock.stop()
    return World(store, Clerk(meetings, lambda _: ada), facts)


def in_any_order(table: Table) -> Table:
    """What does not depend on the order of facts: all but the messages of webhooks, which tell what came first, the
    audit log, which tells who has done something if that is known by then, and what counts how often was written. A
    session's place among those that will be forgotten is that of its beginning or of its end: it is looked at again."""
    told = {key: item for key, item in table.items() if key[0].partition("#")[0] not in {"WEBHOOK", "AUDIT"}}
    left_out = {"MEETING": "version", "USAGE": "number", "SESSION#000001": "gsi1sk"}
    return {
        key: {name: value for name, value in item.items() if name != left_out.get(key[1])} for key, item in told.items()
    }


def test_function_killed_before_any_write_leaves_nothing_that_redelivery_does_not_mend(world: World) -> None:
    written, left_behind = Counter[str](), list[Any]()

    def kept(name: str, _: Request, call: Callable[[], Any]) -> Any:
        """What the table holds right before a write is all that is left where the function is killed there."""
        left_behind.append(world.store.kept())
        written[name] += 1
        return call()

    with through(world.store, kept):
        world.deliver(world.facts)
    assert set(written) == set(WRITES) - {"delete_item"}
    whole = world.table()
    kinds = {pk.partition("#")[0] for pk, _ in whole}
    assert kinds >= {"MEETING", "RECORDING", "USAGE", "HOSTUSAGE", "WEBHOOK", "AUDIT", "SET_ASIDE"}
    world.assert_recorded()

    for number, table in enumerate(left_behind):
        world.store.set_back(table)
        if number % 2:
            for begin in range(len(world.facts), 0, -PART):
                world.deliver(world.facts[max(0, begin - PART) : begin][::-1])
            assert in_any_order(world.table()) == in_any_order(whole), number
        else:
            world.deliver(world.facts)
            assert world.table() == whole, number
