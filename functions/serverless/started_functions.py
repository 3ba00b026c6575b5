"""Starts a function without waiting for it (AWS Lambda, Invoke with the type Event)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class StartedFunction:
    """``name``: the function's; empty where there is none to be started, and what it would do waits for a schedule."""

    def __init__(self, client: Callable[[], LambdaClient], name: str, *, logger: logging.Logger) -> None:
        self._client = client
        self._name = name
        self._logger = logger

    @property
    def is_known(self) -> bool:
        """Whether there is one to be started."""
        return bool(self._name)

    def start(self, event: Mapping[str, Any]) -> None:
        """Asks for something to be done now. If that fails, the schedule will see to it."""
        if not self._name:
            return
        try:
            payload = msgspec.json.encode(event)
            self._client().invoke(FunctionName=self._name, InvocationType="Event", Payload=payload)
        except Exception as error:  # noqa: BLE001  (whatever it is, the work is safe, and so is the answer)
            self._logger.warning("function_not_started", extra={"function": self._name, "error": repr(error)})
