"""schemathesis over both documents: no server error, no undocumented answer, whatever is sent."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from contracts.access_control import PERMISSIONS_OF_ROLE, Permission, PlatformRole, scope_of
from tests.integration.functions.conftest import Person
from tests.integration.functions.furnished_meeting import Furnished
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.test_roles_and_routes import BODIES
from tests.integration.functions.wsgi_gateway import WsgiGateway

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

some = settings(
    max_examples=12,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
few = settings(some, max_examples=5)


class Caller(NamedTuple):
    """Who tries an operation: a token, what parts of paths are called that are theirs, and bodies that name them."""

    token: str
    names: Mapping[str, str] = {}
    bodies: Mapping[str, Any] = {}


def explore(
    client: Client,
    document: str,
    new_caller: Callable[[str], Caller],
    *,
    tries: settings = some,
    only: Collection[str] | None = None,
) -> dict[str, set[int]]:
    """Tries the operations of a document, ``only`` some or all, with requests that fit it and requests that do not,
    each other one of what is there if the caller has it; gives which statuses were answered by each.

    ``new_caller`` gives who tries an operation: some end all of one's sessions, or what others need. ``tries``: how
    many of each.
    """
    caller = Caller("")
    schema = schemathesis.openapi.from_wsgi(document, WsgiGateway(client))

    @schema.auth()
    class Bearer:
        def get(self, case: Any, context: Any) -> str:
            return caller.token

        def set(self, case: Any, data: str, context: Any) -> None:
            case.headers["Authorization"] = f"Bearer {data}"

    answered: dict[str, set[int]] = {}
    for result in schema.get_all_operations():
        operation: Any = result.ok()  # type: ignore[union-attr]
        described = operation.definition.raw
        if only is not None and described["operationId"] not in only:
            continue
        caller = new_caller(described["operationId"])
        statuses = answered.setdefault(described["operationId"], set())
        if caller.names:
            statuses.add(_ask_for_what_is_there(operation, caller))
        modes = [GenerationMode.POSITIVE]
        if "requestBody" in described or "query" in [entry["in"] for entry in described.get("parameters", [])]:
            modes.append(GenerationMode.NEGATIVE)  # the others take nothing that could be wrong
        for mode in modes:
            statuses |= _try(operation.as_strategy(generation_mode=mode), caller, tries)
    return answered


def _try(cases: Any, caller: Caller, tries: settings) -> set[int]:
    """The statuses of requests, each other one for what is there."""
    statuses = set()
    is_there = itertools.cycle((True, False))

    @tries
    @given(case=cases)
    def keeps_to_the_document(case: Any) -> None:
        if next(is_there):
            case.path_parameters = _named(case.path_parameters or {}, caller)
        answer = case.call()
        statuses.add(answer.status_code)
        # A schema cannot say all that makes an address or a name usable: 422 is an honest answer to what fits.
        # 413 is one to what does not fit, though not among those that schemathesis knows.
        beside = [negative_data_rejection] if answer.status_code == 413 else []
        case.validate_response(answer, excluded_checks=[positive_data_acceptance, *beside])

    keeps_to_the_document()
    return statuses


def _named(given: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    return {name: caller.names.get(name, value) for name, value in given.items()}


def _ask_for_what_is_there(operation: Any, caller: Caller) -> int:
    """The status of one request for something that there is, which is to be answered as the document says."""
    described = operation.definition.raw
    parts = {each["name"]: "x_1" for each in described.get("parameters", []) if each["in"] == "path"}
    name = described["operationId"]
    body = {"body": caller.bodies.get(name, BODIES.get(name, {}))} if "requestBody" in described else {}
    media_type = {"media_type": "application/json"} if body else {}
    headers = {"Authorization": f"Bearer {caller.token}"}
    query = QUERIES.get(name, {})
    case = operation.Case(path_parameters=_named(parts, caller), headers=headers, query=query, **body, **media_type)
    answer = case.call()
    case.validate_response(answer, excluded_checks=[positive_data_acceptance, negative_data_rejection])
    status: int = answer.status_code
    return status


def test_authentication_service_keeps_to_its_document(auth: Client, new_admin: Callable[[], Person]) -> None:
    names = {operation.name for operation in auth.module.app.operations} - {"openapi_document"}  # read, not tried
    assert set(explore(auth, "/v1/auth/openapi.json", lambda _name: Caller(new_admin().token))) == names


OWN = PERMISSIONS_OF_ROLE[PlatformRole.ORGANISER] | {Permission.WEBHOOKS_READ, Permission.WEBHOOKS_WRITE}
"""What one may do with what is one's own."""


QUERIES = {"delete_meeting": {"recordings": "delete"}}
ROOMS, WEBHOOKS = "/v1/rooms/{id}", "/v1/meetings/webhooks"
"""No room is live here, and no webhook's receiver public: see `test_administration` and `test_webhooks_api`."""
ANSWERED_ELSEWHERE = {
    "read_calendar",
    "read_invitation",
    "answer_by_link",
    "answer_invitation",
    "send_invitation_again",
}
"""What needs a secret out of a mail, or somebody else's invitation, or mail; and what is the administrators'."""


def test_meeting_service_keeps_to_its_document(
    meetings: Client,
    person: Callable[..., Person],
    token_of: Callable[..., str],
    s3: S3Client,
    tables: dict[str, str],
) -> None:
    """As a program that may do everything with what is its own, and has one of each."""

    operations = {each.name: each for each in meetings.module.app.operations if each.name != "openapi_document"}

    def owner() -> Caller:
        its = Furnished(meetings, s3, tables["recordings"], person)
        return Caller(token_of(its.host.person, scope=scope_of(OWN)), its.names, its.bodies)

    everybody = owner()

    def program(name: str) -> Caller:
        operation = operations[name]
        changes_a_part = operation.method != "GET" and "{" in operation.path
        return owner() if changes_a_part and not operation.path.startswith(ROOMS) else everybody

    answered = explore(meetings, "/v1/meetings/openapi.json", program)
    assert set(answered) == set(operations)
    refused = {name for name, statuses in answered.items() if not any(status < 400 for status in statuses)}
    assert refused <= {
        name
        for name, each in operations.items()
        if each.path.startswith((ROOMS, WEBHOOKS))
        or (isinstance(each.access, Permission) and each.access not in OWN)
        or name in ANSWERED_ELSEWHERE
    }


def test_meeting_service_keeps_to_its_document_for_administrators(meetings: Client, admin: Person) -> None:
    """What nobody else may do, where all others are refused. The rest is tried as somebody's own."""
    operations = {each.name: each.access for each in meetings.module.app.operations}
    theirs = {name for name, access in operations.items() if isinstance(access, Permission) and access not in OWN}
    assert theirs
    try:
        tried = explore(
            meetings,
            "/v1/meetings/openapi.json",
            lambda _name: Caller(admin.token),
            tries=few,
            only=theirs,
        )
    finally:
        restored = meetings.request("PUT", "/v1/meetings/organisation", {"defaults": {}}, token=admin.token)
    assert restored.status == 200, restored.text
    assert set(tried) == theirs
