"""moto finds its calls as it does by itself, and looks for them once."""

from __future__ import annotations

import pytest
from moto import backends
from moto.core import responses
from moto.core.utils import method_names_from_class
from moto.dynamodb.responses import DynamoHandler
from moto.s3.responses import S3Response

from infra.local.aws_calls import make_calls_cheap


@pytest.fixture(autouse=True)
def _undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "list_of_moto_modules", backends.list_of_moto_modules)
    monkeypatch.setattr("moto.core.responses.method_names_from_class", method_names_from_class)


def names_of(service: type) -> list[str]:
    """What moto finds in a service, as it looks for it at a call."""
    found: list[str] = vars(responses)["method_names_from_class"](service)
    return found


def test_what_is_found_is_what_moto_finds() -> None:
    modules = list(backends.list_of_moto_modules())
    names = [names_of(service) for service in (DynamoHandler, S3Response)]
    for _ in range(2):
        make_calls_cheap()
        assert list(backends.list_of_moto_modules()) == modules
        assert [names_of(service) for service in (DynamoHandler, S3Response)] == names
    assert "dynamodb" in modules
    assert "put_item" in names[0]


def test_it_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    make_calls_cheap()
    backends.list_of_moto_modules()

    def again(_: object) -> list[str]:
        raise AssertionError("it was looked for again")

    monkeypatch.setattr("os.listdir", again)
    assert "dynamodb" in backends.list_of_moto_modules()
    first = names_of(DynamoHandler)
    assert names_of(DynamoHandler) is first
