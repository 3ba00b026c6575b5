"""schemathesis over both documents: no server error, no undocumented answer, whatever is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from contracts.access_control import PERMISSIONS_OF_ROLE, Permission, PlatformRole, scope_of
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client
from tests.integration.functions.wsgi_gateway import WsgiGateway

some = settings(
    max_examples=12,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def explore(client: Client, document: str, new_token: Callable[[], str]) -> set[str]:
    """Tries every operation of a document with requests that fit it and requests that do not; gives their names.

    Each has a user of its own, for some end all of one's sessions.
    """
    token = ""
    schema = schemathesis.openapi.from_wsgi(document, WsgiGateway(client))

    @schema.auth()
    class Bearer:
        def get(self, case: Any, context: Any) -> str:
            return token

        def set(self, case: Any, data: str, context: Any) -> None:
            case.headers["Authorization"] = f"Bearer {data}"

    tried: set[str] = set()
    for result in schema.get_all_operations():
        token = new_token()
        operation: Any = result.ok()  # type: ignore[union-attr]
        described = operation.definition.raw
        modes = [GenerationMode.POSITIVE]
        if "requestBody" in described or "query" in [entry["in"] for entry in described.get("parameters", [])]:
            modes.append(GenerationMode.NEGATIVE)  # the others take nothing that could be wrong
        for mode in modes:

            @some
            @given(case=operation.as_strategy(generation_mode=mode))
            def keeps_to_the_document(case: Any) -> None:
                answer = case.call()
                # A schema cannot say all that makes an address or a name usable: 422 is an honest answer to what fits.
                # 413 is one to what does not fit, though not among those that schemathesis knows.
                beside = [negative_data_rejection] if answer.status_code == 413 else []
                case.validate_response(answer, excluded_checks=[positive_data_acceptance, *beside])

            keeps_to_the_document()
        tried.add(described["operationId"])
    return tried


def test_authentication_service_keeps_to_its_document(auth: Client, new_admin: Callable[[], Person]) -> None:
    names = {operation.name for operation in auth.module.app.operations} - {"openapi_document"}  # read, not tried
    assert explore(auth, "/v1/auth/openapi.json", lambda: new_admin().token) == names


def test_meeting_service_keeps_to_its_document(
    meetings: Client, person: Callable[..., Person], token_of: Callable[..., str]
) -> None:
    """As a program that may do everything with what is its own."""
    own = PERMISSIONS_OF_ROLE[PlatformRole.ORGANISER] | {Permission.WEBHOOKS_READ, Permission.WEBHOOKS_WRITE}
    names = {operation.name for operation in meetings.module.app.operations} - {"openapi_document"}
    assert explore(meetings, "/v1/meetings/openapi.json", lambda: token_of(person(), scope=scope_of(own))) == names
