"""The key ring in Secrets Manager: made once, rotated by whoever comes first, mended by nobody's guess."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from contracts.key_ring import PUBLISH_LEAD_S, SIGNS_FOR_S, KeyRing, KeyRingError
from functions.serverless.signing_keys import CACHE_S, SigningKeys
from tests.integration.functions.conftest import Person
from tests.integration.functions.lambda_events import Client

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

NOW = 1_800_000_000
LIFETIME = 900


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def secret_id() -> str:
    return f"parley/test/{uuid.uuid4().hex}"


@pytest.fixture
def process(secrets: SecretsManagerClient, clock: Clock, secret_id: str) -> Callable[[], SigningKeys]:
    """One more process that uses the same secret."""

    def start() -> SigningKeys:
        return SigningKeys(
            client=lambda: secrets,
            secret_id=secret_id,
            token_lifetime_s=LIFETIME,
            clock=clock,
            logger=logging.getLogger("test"),
        )

    return start


def kids(ring: KeyRing) -> list[str]:
    return [key.kid for key in ring.keys]


def at_once(works: list[Callable[[], KeyRing]]) -> list[KeyRing]:
    ready = threading.Barrier(len(works))
    rings: list[KeyRing] = []

    def run(work: Callable[[], KeyRing]) -> None:
        ready.wait()
        rings.append(work())

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rings) == len(works)
    return rings


def test_processes_that_start_at_once_agree_on_one_ring(process: Callable[[], SigningKeys]) -> None:
    rings = at_once([process().ring for _ in range(6)])
    assert len({tuple(kids(ring)) for ring in rings}) == 1


def test_empty_secret_that_a_template_has_made_is_filled(
    process: Callable[[], SigningKeys], secrets: SecretsManagerClient, secret_id: str
) -> None:
    secrets.create_secret(Name=secret_id)
    rings = at_once([process().ring for _ in range(4)])
    assert len({tuple(kids(ring)) for ring in rings}) == 1
    assert kids(process().ring()) == kids(rings[0])


def test_rotation_at_once_publishes_one_key(process: Callable[[], SigningKeys], clock: Clock) -> None:
    first = process().ring()
    clock.now += SIGNS_FOR_S
    rings = at_once([process().rotate for _ in range(6)])
    assert len({tuple(kids(ring)) for ring in rings}) == 1
    assert kids(rings[0])[0] == kids(first)[0]
    assert len(rings[0].keys) == 2


def test_ring_is_kept_for_a_short_time_and_read_anew(process: Callable[[], SigningKeys], clock: Clock) -> None:
    reader, writer = process(), process()
    before = reader.ring()
    writer.rotate(force=True)
    assert reader.ring() is before
    clock.now += CACHE_S
    assert len(reader.ring().keys) == 2


def test_a_year_of_hourly_rotations_keeps_few_keys_and_always_one_that_signs(
    process: Callable[[], SigningKeys], clock: Clock
) -> None:
    keys = process()
    signers: list[str] = []
    for _ in range(365 * 2):
        clock.now += 12 * 3600
        ring = keys.rotate()
        signer = ring.signing_key(clock.now).kid
        if not signers or signers[-1] != signer:
            signers.append(signer)
        assert len(ring.keys) <= 3
        assert clock.now - ring.signing_key(clock.now).signs_from <= SIGNS_FOR_S + PUBLISH_LEAD_S + 24 * 3600
    assert 11 <= len(signers) <= 13


def test_unreadable_ring_stops_the_service_and_is_not_overwritten(
    process: Callable[[], SigningKeys], secrets: SecretsManagerClient, secret_id: str
) -> None:
    secrets.create_secret(Name=secret_id, SecretString="precious")
    for work in (process().ring, process().rotate):
        with pytest.raises(KeyRingError):
            work()
    assert secrets.get_secret_value(SecretId=secret_id)["SecretString"] == "precious"


def test_tokens_stay_valid_over_a_rotation(new_auth: Callable[..., Client], person: Callable[..., Person]) -> None:
    client = new_auth()
    ada = person()
    client.module.signing_keys.rotate(force=True)
    assert client.request("GET", "/v1/auth/me", token=ada.token).status == 200
    published = client.request("GET", "/v1/auth/.well-known/jwks.json").json()["keys"]
    assert len(published) >= 2


def test_scheduled_function_rotates(new_meetings: Callable[..., Client]) -> None:
    client = new_meetings(PARLEY_MEETINGS_SIGNING_SECRET=f"parley/test/{uuid.uuid4().hex}")
    event = {"version": "0", "account": "", "region": "", "detail": {}, "detail-type": "", "source": "", "time": ""}
    client.module.rotate_signing_keys(event | {"id": "", "resources": []}, None)
    assert len(client.request("GET", "/v1/meetings/.well-known/jwks.json").json()["keys"]) == 1
