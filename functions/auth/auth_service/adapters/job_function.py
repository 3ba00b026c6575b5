"""Starts the function that does jobs, without waiting for it (AWS Lambda, Invoke with the type Event)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class JobFunction:
    """``name``: the function's; empty where there is none to be started, and jobs wait for the schedule."""

    def __init__(self, client: Callable[[], LambdaClient], name: str, *, logger: logging.Logger) -> None:
        self._client = client
        self._name = name
        self._logger = logger

    def start(self, job_id: str) -> None:
        """Asks for a job to be done now. If that fails, the schedule will see to it."""
        if not self._name:
            return
        try:
            payload = msgspec.json.encode({"job_id": job_id})
            self._client().invoke(FunctionName=self._name, InvocationType="Event", Payload=payload)
        except Exception as error:  # noqa: BLE001  (whatever it is, the job is safe, and so is the answer)
            self._logger.warning("job_not_started", extra={"job_id": job_id, "error": repr(error)})
