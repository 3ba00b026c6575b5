"""``python -m infra.machine.drain UNIT HOOK``: waits until this instance is to go, lets the service end, tells the
group.

A group that scales in, replaces or rebalances holds the instance in ``Terminating:Wait`` by its lifecycle hook. A spot
instance that AWS takes back is told two minutes before: then there is no time for the last participant, but all are
sent to other nodes at once.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import Final, Literal

from infra.machine.metadata import Metadata
from infra.machine.units import is_active, tell

EVERY_S: Final = 5.0
HEARTBEAT_S: Final = 60.0
Reason = Literal["group", "spot"]
logger = logging.getLogger("parley.drain")


def reason_to_go(about: Callable[[str], str | None]) -> Reason | None:
    """Why the instance is to go; None while it is to stay."""
    if about("spot/instance-action") is not None:
        return "spot"
    return "group" if about("autoscaling/target-lifecycle-state") == "Terminated" else None


def wait_until_gone(
    about: Callable[[str], str | None],
    *,
    stop: Callable[[], bool],
    heartbeat: Callable[[], None],
    complete: Callable[[], None],
    sleep: Callable[[float], None],
) -> Reason:
    """Waits, and lets the service end. ``stop`` begins that, and tells whether it has ended.

    A metadata service that does not answer is asked again: it says nothing of whether to go.
    """
    reason: Reason | None = None
    while reason is None:
        try:
            reason = reason_to_go(about)
        except OSError as error:
            logger.warning("the metadata service does not answer: %r", error)
        if reason is None:
            sleep(EVERY_S)
    waited = 0.0
    while not stop():
        sleep(EVERY_S)
        waited += EVERY_S
        if waited >= HEARTBEAT_S:
            heartbeat()
            waited = 0.0
    complete()
    return reason


def main() -> None:
    import boto3  # noqa: PLC0415

    unit, hook = sys.argv[1:3]
    about = Metadata().about
    autoscaling = boto3.client("autoscaling")

    def names() -> dict[str, str]:
        group, instance = about("tags/instance/aws:autoscaling:groupName"), about("instance-id")
        return {"AutoScalingGroupName": group or "", "LifecycleHookName": hook, "InstanceId": instance or ""}

    def stop() -> bool:
        tell("stop", "--no-block", unit, check=True)
        return not is_active(unit)

    wait_until_gone(
        about,
        stop=stop,
        heartbeat=lambda: autoscaling.record_lifecycle_action_heartbeat(**names()),
        complete=lambda: autoscaling.complete_lifecycle_action(**names(), LifecycleActionResult="CONTINUE"),
        sleep=time.sleep,
    )


if __name__ == "__main__":
    main()
