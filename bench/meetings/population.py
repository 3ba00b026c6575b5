"""People and meetings in the table: one group's, made by the function itself, and its likenesses under other names.

A group is ten people with ten meetings each, to which one other of it is invited. What the function has written for
it is read from the table once, and written again for each further group, with other ids and addresses of the same
length in their place. So every item has the form and the size that the function gives it.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from contracts.log_events import LogEvent
from contracts.rooms import Identity
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.meeting_hosts import tell
from tests.integration.functions.stored_items import stored_items
from tests.unit.meetings_service.room_history import joined, left

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PEOPLE, MEETINGS = 10, 100
"""Of one group."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz"


class Person(Struct, frozen=True, kw_only=True):
    """Somebody of the first group."""

    id: Identity
    address: str
    token: str


class Group(Struct, frozen=True, kw_only=True):
    """The first group: its people, and the ids of the meetings of each, in the order of their making."""

    people: list[Person]
    meetings: list[list[str]]


def make_group(meetings: Client, sign: Callable[[Identity, str], str]) -> Group:
    """Makes the first group's meetings, by requests and facts. ``sign``: a token for an id and an address."""
    ids = [(_user_id(number), _address(number)) for number in range(PEOPLE)]
    people = [Person(id=id_, address=address, token=sign(id_, address)) for id_, address in ids]
    made = [[_make(meetings, people, host, number) for number in range(MEETINGS // PEOPLE)] for host in range(PEOPLE)]
    return Group(people=people, meetings=made)


def _make(meetings: Client, people: list[Person], host: int, number: int) -> str:
    """A meeting of a person: of ten one is a series, seven are to come, and two were, without a schedule."""
    title = f"{'Planning' if number % 2 else 'Review'} {number} of the team for product and design"
    body: dict[str, Any] = {"title": title, "description": "What was done, what is next, and who does it. " * 4}
    if number < 8:
        start = dt.datetime.now(dt.UTC).replace(microsecond=0, tzinfo=None) + dt.timedelta(days=1 + number, hours=host)
        body["schedule"] = {"start": start.isoformat(), "time_zone": "Europe/Berlin", "duration_minutes": 45}
        if number == 0:
            body["schedule"]["rule"] = "FREQ=WEEKLY"
    token = people[host].token
    answer = meetings.request("POST", "/v1/meetings", body, token=token)
    assert answer.status == 201, answer.text
    meeting_id: str = answer.json()["id"]
    other = people[(host + 1 + number % 9) % PEOPLE]
    invited = meetings.request("POST", f"/v1/meetings/{meeting_id}/invitees", {"user_id": other.id}, token=token)
    assert invited.status == 200, invited.text
    if number >= 8:
        there = [people[host], other]
        at = 1_700_000_000_000 + 3_600_000 * (host + 24 * number)
        tell(
            meetings,
            meeting_id,
            *(_came(person, seat, at + seat) for seat, person in enumerate(there)),
            *(_went(person, seat, at + 1_800_000 + seat) for seat, person in enumerate(there)),
        )
    return meeting_id


def _came(person: Person, seat: int, at: int) -> LogEvent:
    event = joined(seat, at)
    return replace(event, participant=replace(event.participant, identity=person.id))


def _went(person: Person, seat: int, at: int) -> LogEvent:
    return replace(left(seat, at), identity=person.id)


class Likenesses(Struct, frozen=True, kw_only=True):
    """Further groups, as the items that stand for the first one in the table.

    ``names``: the ids and addresses of the first one's people, two each, and the ids of its meetings. ``items``: in
    DynamoDB's JSON.
    """

    people: tuple[str, ...]
    meetings: tuple[str, ...]
    items: str

    def groups(self, first: int, end: int) -> Iterator[list[dict[str, Any]]]:
        """The items of the groups from one number to before another."""
        names = re.compile("|".join(map(re.escape, (*self.people, *self.meetings))))
        for number in range(first, end):
            others = self._names_of(number)
            yield msgspec.json.decode(names.sub(lambda found, known=others: known[found[0]], self.items))  # type: ignore[misc]

    def _names_of(self, number: int) -> dict[str, str]:
        """What stands in the place of the first group's names."""
        chance = random.Random(number)
        known: dict[str, str] = {}
        for place, name in enumerate(self.people):
            known[name] = (_user_id if name.startswith("u_") else _address)(number * PEOPLE + place // 2)
        for name in self.meetings:
            letters = "".join(chance.choices(_LETTERS, k=12))
            known[name] = "-".join((letters[:4], letters[4:8], letters[8:]))
        return known


def likenesses(group: Group, dynamodb: DynamoDBClient, table: str) -> Likenesses:
    """What further groups are made from: the table must hold no other group yet."""
    people = tuple(name for person in group.people for name in (person.id, person.address))
    meetings = tuple(each for of_one in group.meetings for each in of_one)
    names = re.compile("|".join(map(re.escape, (*people, *meetings))))
    items = [item for item in stored_items(dynamodb, table) if names.search(item["pk"]["S"])]
    return Likenesses(people=people, meetings=meetings, items=msgspec.json.encode(items).decode())


def _user_id(number: int) -> Identity:
    return Identity(f"u_{number:026d}")


def _address(number: int) -> str:
    return f"person-{number:08d}@example.org"
