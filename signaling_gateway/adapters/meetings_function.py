"""Invokes a function of the meeting service with AWS Lambda's API."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from signaling_gateway.adapters.facts_delivery import (
    FunctionFailedError,
    FunctionUnreachableError,
    PayloadTooLargeError,
)

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class MeetingsFunction:
    """A `facts_delivery.Function`. Credentials and region come the usual ways of the AWS SDK."""

    def __init__(self, *, name: str, endpoint_url: str | None, patience_s: float = 20.0) -> None:
        self._name = name
        # Waiting for a busy function and trying again is the consumer's part.
        config = Config(
            connect_timeout=3, read_timeout=patience_s, retries={"total_max_attempts": 1, "mode": "standard"}
        )
        self._client: LambdaClient = boto3.client("lambda", endpoint_url=endpoint_url, config=config)

    def __call__(self, payload: bytes) -> bytes:
        """The function's answer.

        Raises:
            FunctionFailedError: the function raised an error.
            PayloadTooLargeError: it was not invoked, because it takes no payload of this size.
            FunctionUnreachableError: it was not invoked, or its answer did not arrive.
        """
        try:
            answer = self._client.invoke(FunctionName=self._name, InvocationType="RequestResponse", Payload=payload)
            body = answer["Payload"].read()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise PayloadTooLargeError(str(error)) from error
            raise FunctionUnreachableError(str(error)) from error
        except BotoCoreError as error:
            raise FunctionUnreachableError(str(error)) from error
        if answer.get("FunctionError"):
            raise FunctionFailedError(body[:500].decode("utf-8", "replace"))
        return body

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()
