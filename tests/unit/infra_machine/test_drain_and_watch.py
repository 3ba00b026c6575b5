"""When a machine lets its service end, and when it ends one that hangs."""

from __future__ import annotations

from typing import Any

import pytest

from infra.machine.drain import HEARTBEAT_S, reason_to_go, wait_until_gone
from infra.machine.watch import FAILURES, look


class World:
    """An instance whose facts change as time passes, and a service that takes a while to end."""

    def __init__(self, facts: list[dict[str, str] | Exception], *, ends_after: int) -> None:
        self._facts = facts
        self._left = ends_after
        self.told: list[str] = []

    def about(self, path: str) -> str | None:
        facts = self._facts[0]
        if isinstance(facts, Exception):
            raise facts
        return facts.get(path)

    def sleep(self, _: float) -> None:
        if len(self._facts) > 1:
            self._facts.pop(0)

    def stop(self) -> bool:
        self._left -= 1
        return self._left < 0

    def wait(self) -> Any:
        return wait_until_gone(
            self.about,
            stop=self.stop,
            heartbeat=lambda: self.told.append("heartbeat"),
            complete=lambda: self.told.append("complete"),
            sleep=self.sleep,
        )


def test_an_instance_in_service_is_to_stay() -> None:
    assert reason_to_go({"autoscaling/target-lifecycle-state": "InService"}.get) is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [({"autoscaling/target-lifecycle-state": "Terminated"}, "group"), ({"spot/instance-action": "{}"}, "spot")],
)
def test_the_group_is_told_once_the_service_has_ended(facts: dict[str, str], reason: str) -> None:
    world = World([{}, OSError("no answer"), {}, facts], ends_after=3)
    assert world.wait() == reason
    assert world.told == ["complete"]


def test_the_group_hears_of_a_service_that_takes_long() -> None:
    world = World([{"autoscaling/target-lifecycle-state": "Terminated"}], ends_after=int(HEARTBEAT_S / 5) * 2)
    world.wait()
    assert world.told == ["heartbeat", "heartbeat", "complete"]


def test_a_service_is_ended_after_failures_in_a_row_alone() -> None:
    failures = 0
    for healthy in [False] * (FAILURES - 1) + [True] + [False] * FAILURES:
        failures = look(lambda healthy=healthy: healthy, lambda: True, failures)  # type: ignore[misc]
    assert failures == FAILURES


def test_a_service_that_does_not_run_is_left_alone() -> None:
    assert look(lambda: False, lambda: False, FAILURES - 1) == 0
