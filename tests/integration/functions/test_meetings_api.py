"""The meeting service through Lambda events: making, listing, joining and ending meetings."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from redis import Redis

from contracts.jwks import VerificationKeys
from contracts.meeting_token import MeetingClaims, decode_meeting_token, encode_meeting_token
from contracts.redis_names import ROOM_COMMANDS
from contracts.room_commands import EndMeetingRequested, decode_room_command
from contracts.rooms import PERMISSIONS_OF_ROLE, Identity, MeetingId, Role
from tests.integration.functions.conftest import MEETINGS_ISSUER, Person
from tests.integration.functions.lambda_events import Client, HttpAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MEETINGS = "/v1/meetings"


def create(meetings: Client, host: Person, **body: Any) -> dict[str, Any]:
    answer = meetings.request("POST", MEETINGS, {"title": "Weekly"} | body, token=host.token)
    assert answer.status == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def join(meetings: Client, meeting: dict[str, Any], token: str | None = None, **body: Any) -> HttpAnswer:
    return meetings.request("POST", f"{MEETINGS}/{meeting['id']}/join", body, token=token)


def published_keys(meetings: Client) -> VerificationKeys:
    return VerificationKeys.from_jwks(meetings.request("GET", f"{MEETINGS}/.well-known/jwks.json").text)


def claims_of(meetings: Client, answer: HttpAnswer) -> MeetingClaims:
    """The claims, as a gateway reads them."""
    token = answer.json()["meeting_token"]
    meeting_id = MeetingId(answer.json()["meeting"]["id"])
    return decode_meeting_token(
        token, keys=published_keys(meetings), issuer=MEETINGS_ISSUER, meeting_id=meeting_id, now=time.time()
    )


def test_creating_gives_a_meeting_and_its_link(meetings: Client, person: Callable[..., Person]) -> None:
    ada = person()
    answer = meetings.request("POST", MEETINGS, {"title": "  Weekly \t sync "}, token=ada.token)
    assert answer.status == 201
    meeting = answer.json()
    assert meeting["title"] == "Weekly sync"
    assert meeting["status"] == "scheduled"
    assert meeting["host_id"] == ada.id
    assert meeting["settings"]["guests_allowed"] is True
    assert (meeting["kind"], meeting["schedule"], meeting["session"]) == ("instant", None, 1)
    assert meeting["join_url"] == f"http://meet.test/m/{meeting['id']}"
    assert (meeting["started_at"], meeting["ended_at"]) == (None, None)
    assert answer.headers["location"] == f"{MEETINGS}/{meeting['id']}"


def test_host_sees_all_of_a_meeting_and_others_what_the_link_tells(
    meetings: Client, person: Callable[..., Person]
) -> None:
    ada, bob = person("Ada"), person("Bob")
    meeting = create(meetings, ada)
    url = f"{MEETINGS}/{meeting['id']}"
    made = {name: value for name, value in meeting.items() if name != "conflicts"}  # a hint to whoever makes it
    assert meetings.request("GET", url, token=ada.token).json() == made
    public = {
        "id": meeting["id"],
        "title": "Weekly",
        "status": "scheduled",
        "joinable": True,
        "guests_allowed": True,
        "passcode_required": False,
    }
    assert meetings.request("GET", url, token=bob.token).json() == public
    assert meetings.request("GET", url).json() == public


def test_bad_token_is_refused_even_where_none_is_needed(meetings: Client, person: Callable[..., Person]) -> None:
    meeting = create(meetings, person())
    for method, url in (("GET", ""), ("POST", "/join")):
        answer = meetings.request(method, f"{MEETINGS}/{meeting['id']}{url}", token="nonsense")
        assert (answer.status, answer.code) == (401, "token_malformed")


@pytest.mark.parametrize("meeting_id", ["abc-defg-hjk", "x", "ABC-DEFG-HJK", "..", "%00", "🙂", "a" * 500])
@pytest.mark.parametrize(("method", "action"), [("GET", ""), ("PATCH", ""), ("POST", "/join"), ("POST", "/end")])
def test_unknown_meeting_is_not_found(
    meetings: Client, person: Callable[..., Person], method: str, action: str, meeting_id: str
) -> None:
    body: dict[str, Any] | None = {} if method == "PATCH" else None
    answer = meetings.request(method, f"{MEETINGS}/{meeting_id}{action}", body, token=person().token)
    assert (answer.status, answer.code) == (404, "meeting_not_found")


def test_list_gives_ones_own_meetings_newest_first_page_by_page(
    meetings: Client, person: Callable[..., Person]
) -> None:
    ada, bob = person("Ada"), person("Bob")
    made = []
    for number in range(7):
        made.append(create(meetings, ada, title=f"Meeting {number}")["id"])
        create(meetings, bob)
    seen: list[str] = []
    cursor = ""
    sizes = []
    while True:
        page = meetings.request("GET", f"{MEETINGS}?limit=3{cursor}", token=ada.token).json()
        seen += [meeting["id"] for meeting in page["items"]]
        sizes.append(len(page["items"]))
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(seen) == sorted(made)
    assert sizes == [3, 3, 1]
    times = [meetings.request("GET", f"{MEETINGS}/{one}", token=ada.token).json()["created_at"] for one in seen]
    assert times == sorted(times, reverse=True)


def test_cursor_of_another_person_shows_nothing_of_theirs(meetings: Client, person: Callable[..., Person]) -> None:
    ada, bob = person("Ada"), person("Bob")
    for _ in range(3):
        create(meetings, ada)
    cursor = meetings.request("GET", f"{MEETINGS}?limit=1", token=ada.token).json()["next_cursor"]
    assert cursor
    assert meetings.request("GET", f"{MEETINGS}?cursor={cursor}", token=bob.token).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("cursor=%21%21", "cursor"),
        ("cursor=AAAA", "cursor"),
        ("cursor=%C3%A4", "cursor"),
        ("offset=5", "offset"),
    ],
)
def test_unusable_parameter_is_named(meetings: Client, person: Callable[..., Person], query: str, field: str) -> None:
    answer = meetings.request("GET", f"{MEETINGS}?{query}", token=person().token)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert answer.json()["errors"][0]["field"] == field


def test_parameter_that_comes_twice_is_refused(meetings: Client, person: Callable[..., Person]) -> None:
    answer = meetings.request("GET", f"{MEETINGS}?limit=1&limit=2", token=person().token)
    assert answer.code == "validation_failed"


def test_host_changes_a_meeting(meetings: Client, person: Callable[..., Person]) -> None:
    ada = person()
    meeting = create(meetings, ada)
    url = f"{MEETINGS}/{meeting['id']}"
    changed = meetings.request("PATCH", url, {"title": " New "}, token=ada.token)
    assert changed.json() == meeting | {"title": "New"}
    changed = meetings.request("PATCH", url, {"settings": {"guests_allowed": False}}, token=ada.token)
    settings = meeting["settings"] | {"guests_allowed": False}
    assert changed.json() == meeting | {"title": "New", "settings": settings}
    assert meetings.request("PATCH", url, {}, token=ada.token).json() == changed.json()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": " \n "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": None}, "title"),
        ({"settings": {"guests_allowed": "no"}}, "settings.guests_allowed"),
        ({"settings": {"guests_allowed": None}}, "settings.guests_allowed"),
        ({"settings": {"passcode": "123"}}, "settings.passcode"),
        ({"settings": {"max_participants": 1}}, "settings.max_participants"),
        ({"settings": None}, "settings"),
        ({"schedule": {"start": "2026-12-01T09:00:00+01:00"}}, "schedule.start"),
        ({"status": "ended"}, "status"),
        ({"host_id": "u_eve"}, "host_id"),
    ],
)
def test_unusable_change_is_named(
    meetings: Client, person: Callable[..., Person], body: dict[str, Any], field: str
) -> None:
    ada = person()
    meeting = create(meetings, ada)
    answer = meetings.request("PATCH", f"{MEETINGS}/{meeting['id']}", body, token=ada.token)
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(("method", "action"), [("PATCH", ""), ("POST", "/end")])
def test_only_the_host_changes_and_ends(
    meetings: Client, person: Callable[..., Person], broker: Redis, method: str, action: str
) -> None:
    meeting = create(meetings, person("Ada"))
    before = broker.xlen(ROOM_COMMANDS)
    url = f"{MEETINGS}/{meeting['id']}{action}"
    answer = meetings.request(method, url, {"title": "Mine"}, token=person("Eve").token)
    assert (answer.status, answer.code) == (403, "permission_denied")
    answer = meetings.request(method, url, {"title": "Mine"})
    assert (answer.status, answer.code) == (401, "token_missing")
    public = meetings.request("GET", f"{MEETINGS}/{meeting['id']}").json()
    assert (public["title"], public["status"]) == ("Weekly", "scheduled")
    assert broker.xlen(ROOM_COMMANDS) == before


def test_host_user_and_guest_join_with_what_their_role_may(meetings: Client, person: Callable[..., Person]) -> None:
    ada, bob = person("Ada"), person("Bob")
    meeting = create(meetings, ada)
    answers = {
        Role.HOST: join(meetings, meeting, ada.token),
        Role.PARTICIPANT: join(meetings, meeting, bob.token, display_name="Bobby"),
        Role.GUEST: join(meetings, meeting, display_name="Gus"),
    }
    names = {Role.HOST: "Ada", Role.PARTICIPANT: "Bobby", Role.GUEST: "Gus"}
    for role, answer in answers.items():
        assert answer.status == 200
        body = answer.json()
        assert (body["role"], body["display_name"]) == (role, names[role])
        assert body["expires_in"] == 600
        assert body["gateway_url"] == "http://meet.test"
        assert body["ice_servers"] == [{"urls": ["stun:stun.test:3478"]}], "a relay is for those who were let in"
        claims = claims_of(meetings, answer)
        assert (claims.sub, claims.name, claims.role) == (body["identity"], names[role], role)
        assert claims.permissions == PERMISSIONS_OF_ROLE[role]
        assert claims.host_id == ada.id
    assert answers[Role.HOST].json()["identity"] == ada.id
    assert answers[Role.PARTICIPANT].json()["identity"] == bob.id
    assert answers[Role.GUEST].json()["identity"].startswith("g_")


def test_user_joins_without_a_body(meetings: Client, person: Callable[..., Person]) -> None:
    ada = person()
    meeting = create(meetings, ada)
    assert meetings.request("POST", f"{MEETINGS}/{meeting['id']}/join", token=ada.token).status == 200


def test_guest_needs_a_name(meetings: Client, person: Callable[..., Person]) -> None:
    answer = join(meetings, create(meetings, person()))
    assert (answer.status, answer.code) == (422, "validation_failed")
    assert answer.json()["errors"][0]["field"] == "display_name"


def test_guest_stays_out_where_guests_are_not_allowed(meetings: Client, person: Callable[..., Person]) -> None:
    meeting = create(meetings, person("Ada"), settings={"guests_allowed": False})
    answer = join(meetings, meeting, display_name="Gus")
    assert (answer.status, answer.code) == (403, "guests_not_allowed")
    assert join(meetings, meeting, person("Bob").token).status == 200


def test_guest_keeps_her_identity_with_an_earlier_token(meetings: Client, person: Callable[..., Person]) -> None:
    meeting = create(meetings, person())
    first = join(meetings, meeting, display_name="Gus").json()
    again = join(meetings, meeting, previous_token=first["meeting_token"]).json()
    assert (again["identity"], again["display_name"]) == (first["identity"], "Gus")
    renamed = join(meetings, meeting, previous_token=again["meeting_token"], display_name="August").json()
    assert (renamed["identity"], renamed["display_name"]) == (first["identity"], "August")


def _token_of_the_past(meetings: Client, meeting: dict[str, Any], *, age_s: int, sub: str = "g_before") -> str:
    """A token that the service itself issued ``age_s`` ago."""
    issued = int(time.time()) - age_s
    key = meetings.module.signing_keys.ring().signing_key(time.time())
    claims = MeetingClaims(
        iss=MEETINGS_ISSUER,
        sub=Identity(sub),
        meeting=MeetingId(meeting["id"]),
        name="Gus",
        role=Role.GUEST,
        permissions=PERMISSIONS_OF_ROLE[Role.GUEST],
        iat=issued,
        exp=issued + 600,
        jti="1",
    )
    return encode_meeting_token(claims, key=key.private_key(), kid=key.kid)


def test_earlier_token_serves_for_a_day_after_it_has_expired(meetings: Client, person: Callable[..., Person]) -> None:
    meeting = create(meetings, person())
    recent = _token_of_the_past(meetings, meeting, age_s=600 + 86_400 - 60)
    assert join(meetings, meeting, display_name="Gus", previous_token=recent).json()["identity"] == "g_before"
    old = _token_of_the_past(meetings, meeting, age_s=600 + 86_400 + 1)
    assert join(meetings, meeting, display_name="Gus", previous_token=old).json()["identity"] != "g_before"


def test_earlier_token_proves_nothing_else(meetings: Client, person: Callable[..., Person]) -> None:
    ada = person("Ada")
    meeting, other = create(meetings, ada), create(meetings, ada)
    first = join(meetings, other, display_name="Gus").json()
    hosts = join(meetings, meeting, ada.token).json()
    header, payload, _ = first["meeting_token"].split(".")
    for token in (
        first["meeting_token"],  # of another meeting
        hosts["meeting_token"],  # of a user, not of a guest
        ada.token,  # an access token
        f"{header}.{payload}.AAAA",
        "nonsense",
        jwt.encode({"exp": 1e300}, "k" * 32, algorithm="HS256"),
        jwt.encode({"sub": "g_before"}, "k" * 32, algorithm="HS256"),
    ):
        answer = join(meetings, meeting, display_name="Gus", previous_token=token)
        assert answer.status == 200
        assert answer.json()["role"] == "guest"
        assert answer.json()["identity"] not in (first["identity"], ada.id, "g_before")


def test_ending_closes_the_door_and_tells_the_rooms(
    meetings: Client, person: Callable[..., Person], broker: Redis
) -> None:
    ada = person()
    meeting = create(meetings, ada)
    answer = meetings.request("POST", f"{MEETINGS}/{meeting['id']}/end", token=ada.token)
    assert answer.status == 202
    assert answer.json()["status"] == "ended"
    assert answer.json()["ended_at"] is not None
    entry: Any = broker.xrevrange(ROOM_COMMANDS, count=1)
    assert decode_room_command(entry[0][1][b"c"]) == EndMeetingRequested(
        meeting_id=MeetingId(meeting["id"]), by=Identity(ada.id)
    )
    for token in (ada.token, person().token, None):
        refused = join(meetings, meeting, token, display_name="X")
        assert (refused.status, refused.code) == (410, "meeting_ended")


def test_ending_twice_keeps_the_first_end_and_asks_the_rooms_again(
    meetings: Client, person: Callable[..., Person], broker: Redis
) -> None:
    ada = person()
    url = f"{MEETINGS}/{create(meetings, ada)['id']}/end"
    before = broker.xlen(ROOM_COMMANDS)
    first = meetings.request("POST", url, token=ada.token).json()
    assert meetings.request("POST", url, token=ada.token).json() == first
    assert broker.xlen(ROOM_COMMANDS) == before + 2


def test_ending_while_the_broker_is_away_can_be_tried_again(
    new_meetings: Callable[..., Client], meetings: Client, person: Callable[..., Person], broker: Redis
) -> None:
    ada = person()
    meeting = create(meetings, ada)
    away = new_meetings(PARLEY_MEETINGS_REDIS_URL="redis://127.0.0.1:9/0")
    answer = away.request("POST", f"{MEETINGS}/{meeting['id']}/end", token=ada.token)
    assert (answer.status, answer.code) == (503, "service_unavailable")
    assert answer.headers["retry-after"] == "2"
    assert join(meetings, meeting, ada.token).code == "meeting_ended"
    assert meetings.request("POST", f"{MEETINGS}/{meeting['id']}/end", token=ada.token).status == 202


def test_tokens_cannot_be_checked_while_the_auth_service_is_away(
    new_meetings: Callable[..., Client], meetings: Client, person: Callable[..., Person]
) -> None:
    ada = person()
    meeting = create(meetings, ada)
    alone = new_meetings(PARLEY_MEETINGS_AUTH_JWKS_URL="http://127.0.0.1:9/jwks.json")
    answer = alone.request("POST", MEETINGS, {"title": "x"}, token=ada.token)
    assert (answer.status, answer.code) == (503, "keys_unavailable")
    assert join(alone, meeting, display_name="Gus").status == 200  # guests need no keys of the auth service


def test_table_that_is_away_is_an_outage_and_not_an_error(
    meetings: Client, person: Callable[..., Person], dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError, EndpointConnectionError

    meeting = create(meetings, person())

    def unreachable(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://secret.internal")

    def throttled(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "secret"}}, "GetItem")

    def broken(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "ValidationException", "Message": "secret"}}, "GetItem")

    for failure, status, code in (
        (unreachable, 503, "service_unavailable"),
        (throttled, 503, "service_unavailable"),
        (broken, 500, "internal"),
    ):
        monkeypatch.setattr(dynamodb, "batch_get_item", failure)
        answer = join(meetings, meeting, display_name="Gus")
        assert (answer.status, answer.code) == (status, code)
        assert "secret" not in answer.text


def test_two_instances_share_one_key_ring(new_meetings: Callable[..., Client], person: Callable[..., Person]) -> None:
    first, second = new_meetings(), new_meetings()
    meeting = create(first, person())
    answer = join(second, meeting, display_name="Gus")
    assert claims_of(first, answer).name == "Gus"


def test_key_rings_made_at_once_are_one(new_meetings: Callable[..., Client]) -> None:
    name = f"parley/meetings/{time.time_ns()}"
    instances = [new_meetings(PARLEY_MEETINGS_SIGNING_SECRET=name) for _ in range(5)]
    ready = threading.Barrier(len(instances))
    seen: list[str] = []

    def ask(client: Client) -> None:
        ready.wait()
        seen.append(client.request("GET", f"{MEETINGS}/.well-known/jwks.json").text)

    threads = [threading.Thread(target=ask, args=(client,)) for client in instances]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == len(instances)
    assert len(set(seen)) == 1
