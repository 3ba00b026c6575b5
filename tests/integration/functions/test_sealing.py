"""The keys that seal secrets, in moto's Secrets Manager."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError

from functions.serverless.sealing import CACHE_S, RETRY_S, Sealing, SealingError
from telemetry.logs import service_logger

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def new_sealing(
    secrets: SecretsManagerClient, name: str, purpose: str = "totp", *, clock: Callable[[], float] = lambda: 0.0
) -> Sealing:
    """As another process would have it."""
    return Sealing(
        client=lambda: secrets,
        secret_id=name,
        purpose=purpose,
        clock=clock,
        randomness=os.urandom,
        logger=service_logger("auth"),
    )


def put_in_front(secrets: SecretsManagerClient, name: str) -> dict[str, str]:
    """A new key, whose name is 2, before those that there are."""
    keys = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])["keys"]
    added = {"id": "2", "key": "A" * 43 + "="}
    secrets.put_secret_value(SecretId=name, SecretString=json.dumps({"keys": [added, *keys]}))
    return added


@pytest.fixture
def name() -> str:
    return f"parley/test/{uuid.uuid4().hex}"


def test_secret_opens_for_its_user_and_is_not_the_text(secrets: SecretsManagerClient, name: str) -> None:
    sealed = new_sealing(secrets, name).seal(b"a secret", owner_id="u_1")
    assert "secret" not in sealed
    assert new_sealing(secrets, name).open(sealed, owner_id="u_1") == b"a secret"


def test_secret_that_is_copied_to_another_account_does_not_open_there(secrets: SecretsManagerClient, name: str) -> None:
    sealing = new_sealing(secrets, name)
    sealed = sealing.seal(b"a secret", owner_id="u_1")
    with pytest.raises(SealingError):
        sealing.open(sealed, owner_id="u_2")
    with pytest.raises(SealingError):
        new_sealing(secrets, name, "webhook").open(sealed, owner_id="u_1")


def test_secret_is_made_where_a_template_has_left_its_place_empty(secrets: SecretsManagerClient, name: str) -> None:
    secrets.create_secret(Name=name)
    sealed = new_sealing(secrets, name).seal(b"a secret", owner_id="u_1")
    assert new_sealing(secrets, name).open(sealed, owner_id="u_1") == b"a secret"


def test_two_processes_that_begin_at_once_have_one_key(
    secrets: SecretsManagerClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have seen no secret."""
    slow = new_sealing(secrets, name)
    monkeypatch.setattr(slow, "_load", monkeypatch.undo)  # once: it is not there yet
    first = new_sealing(secrets, name).seal(b"a secret", owner_id="u_1")
    assert slow.open(first, owner_id="u_1") == b"a secret"


def test_new_key_in_front_seals_and_the_old_one_still_opens(secrets: SecretsManagerClient, name: str) -> None:
    running = new_sealing(secrets, name)
    old = running.seal(b"a secret", owner_id="u_1")
    added = put_in_front(secrets, name)
    turned = new_sealing(secrets, name)
    new = turned.seal(b"another", owner_id="u_1")
    assert new.startswith("2.")
    assert turned.open(old, owner_id="u_1") == b"a secret"
    assert running.open(new, owner_id="u_1") == b"another", "a process that has the old keys reads them again"
    secrets.put_secret_value(SecretId=name, SecretString=json.dumps({"keys": [added]}))
    with pytest.raises(SealingError, match="not among"):
        new_sealing(secrets, name).open(old, owner_id="u_1")


def test_old_key_can_go_once_what_it_has_sealed_is_sealed_anew(secrets: SecretsManagerClient, name: str) -> None:
    old = new_sealing(secrets, name).seal(b"a secret", owner_id="u_1")
    added = put_in_front(secrets, name)
    turned = new_sealing(secrets, name)
    new = turned.renewed(old, owner_id="u_1")
    assert new.startswith("2.")
    assert turned.renewed(new, owner_id="u_1") == new, "it is under this key already"
    secrets.put_secret_value(SecretId=name, SecretString=json.dumps({"keys": [added]}))
    assert new_sealing(secrets, name).open(new, owner_id="u_1") == b"a secret"


def test_what_does_not_open_stays_as_it_is_and_holds_nobody_up(secrets: SecretsManagerClient, name: str) -> None:
    old = new_sealing(secrets, name).seal(b"a secret", owner_id="u_1")
    put_in_front(secrets, name)
    assert new_sealing(secrets, name).renewed(old, owner_id="u_2") == old
    secrets.put_secret_value(SecretId=name, SecretString="unreadable")
    assert new_sealing(secrets, name).renewed(old, owner_id="u_1") == old


def test_process_that_runs_seals_with_a_new_key_after_five_minutes(secrets: SecretsManagerClient, name: str) -> None:
    now = 1000.0
    running = new_sealing(secrets, name, clock=lambda: now)
    old = running.seal(b"a secret", owner_id="u_1")
    put_in_front(secrets, name)
    now += CACHE_S - 1
    assert running.renewed(old, owner_id="u_1") == old
    now += 1
    assert running.renewed(old, owner_id="u_1").startswith("2.")


class Outages:
    """Counts how often the keys are asked for, and refuses them while it is on."""

    def __init__(self, secrets: SecretsManagerClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self.on = False
        self.asked = 0
        answer = secrets.get_secret_value

        def asked(**request: Any) -> Any:
            self.asked += 1
            if self.on:
                raise ConnectionClosedError(endpoint_url="secretsmanager")
            return answer(**request)

        monkeypatch.setattr(secrets, "get_secret_value", asked)


def test_known_keys_serve_on_while_they_cannot_be_read_again(
    secrets: SecretsManagerClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    running = new_sealing(secrets, name, clock=lambda: now)
    old = running.seal(b"a secret", owner_id="u_1")
    outages = Outages(secrets, monkeypatch)
    outages.on = True
    now += CACHE_S
    for _ in range(3):
        assert running.open(old, owner_id="u_1") == b"a secret"
        assert running.seal(b"another", owner_id="u_1").startswith("1.")
    assert outages.asked == 1, "not with every request"
    now += RETRY_S
    running.seal(b"another", owner_id="u_1")
    assert outages.asked == 2
    outages.on = False
    put_in_front(secrets, name)
    now += RETRY_S
    assert running.seal(b"another", owner_id="u_1").startswith("2."), "half a minute after they can be read again"


def test_key_that_is_not_known_is_an_outage_while_keys_cannot_be_read_and_takes_none_away(
    secrets: SecretsManagerClient, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = new_sealing(secrets, name)
    old = running.seal(b"a secret", owner_id="u_1")
    put_in_front(secrets, name)
    new = new_sealing(secrets, name).seal(b"another", owner_id="u_1")
    Outages(secrets, monkeypatch).on = True
    with pytest.raises(ConnectionClosedError):
        running.open(new, owner_id="u_1")
    assert running.open(old, owner_id="u_1") == b"a secret"


@pytest.mark.parametrize("loss", ["deleted", "unreadable"])
def test_no_key_is_made_in_the_place_of_one_that_is_known(secrets: SecretsManagerClient, name: str, loss: str) -> None:
    now = 1000.0
    running = new_sealing(secrets, name, clock=lambda: now)
    old = running.seal(b"a secret", owner_id="u_1")
    if loss == "deleted":
        secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    else:
        secrets.put_secret_value(SecretId=name, SecretString="unreadable")
    now += CACHE_S
    assert running.open(old, owner_id="u_1") == b"a secret"
    if loss == "deleted":
        with pytest.raises(secrets.exceptions.ResourceNotFoundException):
            secrets.get_secret_value(SecretId=name)


@pytest.mark.parametrize("text", ["", "{}", '{"keys": []}', '{"keys": [{"id": "1", "key": "short"}]}', "["])
def test_keys_that_cannot_be_read_are_no_reason_to_make_new_ones(
    secrets: SecretsManagerClient, name: str, text: str
) -> None:
    secrets.create_secret(Name=name, SecretString=text or " ")
    with pytest.raises(SealingError) as raised:
        new_sealing(secrets, name).seal(b"a secret", owner_id="u_1")
    assert "short" not in str(raised.value)
