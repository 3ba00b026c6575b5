"""What the processes of a platform are told."""

from __future__ import annotations

import pytest

from infra.local.plan import Plan, choose_ports
from infra.local.process import ProcessSpec
from infra.local.settings import LocalSettings

BEFORE_THE_STACK = ("valkey", "aws", "mailbox")
"""Those whose environments hold nothing of the stack."""


def planned(data: str) -> dict[str, ProcessSpec]:
    plan = Plan(LocalSettings(data=data), choose_ports(), None, (), {"AWS_SECRET_ACCESS_KEY": "the caller's"})
    return {spec.name: spec for spec in plan.processes()}


def test_the_key_of_the_local_aws_is_made_anew_at_each_start(tmp_path_factory: pytest.TempPathFactory) -> None:
    keys = []
    for start in ("first", "second"):
        specs = planned(str(tmp_path_factory.mktemp(start)))
        # Twice, as for a process that has died and is started again.
        told = {specs[name].environ()["AWS_SECRET_ACCESS_KEY"] for name in (*BEFORE_THE_STACK, *BEFORE_THE_STACK)}
        [key] = told
        assert len(bytes.fromhex(key)) == 32
        keys.append(key)
    assert keys[0] != keys[1]


def test_the_front_door_waits_for_the_stack_that_names_its_bucket(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert "aws" in planned(str(tmp_path_factory.mktemp("data")))["front door"].after


@pytest.mark.parametrize(("mail", "confirms"), [(None, False), ("off", False), ("smtp", True), ("ses", True)])
def test_addresses_are_confirmed_where_the_caller_has_mail_sent(mail: str | None, *, confirms: bool) -> None:
    environ = {} if mail is None else {"PARLEY_AUTH_MAIL": mail}
    assert Plan(LocalSettings(), choose_ports(), None, (), environ).confirms_addresses is confirms
