"""AWS clients, made once and when first needed, and DynamoDB's item format.

``AWS_ENDPOINT_URL`` (read by boto3 itself) points them at the local platform. Low-level clients: the resource interface
costs a third of a cold start.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client

    Item = dict[str, AttributeValueTypeDef]

_THROTTLED = frozenset(
    {
        "InternalServerError",
        "InternalServiceError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


_making = threading.Lock()


def dynamodb_client() -> DynamoDBClient:
    """The client for DynamoDB. Clients may be shared by threads, but not made by two at once."""
    with _making:
        return _client("dynamodb")  # type: ignore[no-any-return]


def secrets_client() -> SecretsManagerClient:
    """The client for Secrets Manager."""
    with _making:
        return _client("secretsmanager")  # type: ignore[no-any-return]


def lambda_client() -> LambdaClient:
    """The client for Lambda. ``AWS_ENDPOINT_URL_LAMBDA`` points it elsewhere than the others."""
    with _making:
        return _client("lambda")  # type: ignore[no-any-return]


def ses_client() -> SESV2Client:
    """The client for SES, version 2 of its API."""
    with _making:
        return _client("sesv2")  # type: ignore[no-any-return]


@functools.cache
def _client(service: Literal["dynamodb", "secretsmanager", "lambda", "sesv2"]) -> Any:
    import boto3  # noqa: PLC0415  (a fifth of a second that routes without AWS do not pay)
    from botocore.config import Config  # noqa: PLC0415

    # An API Gateway request lives 29 s: fail in time to say so.
    limits = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})
    return boto3.client(service, config=limits)


def is_outage(error: Exception) -> bool:
    """Whether AWS did not answer or asked to come back later; anything else is an error of ours."""
    import botocore.exceptions as aws  # noqa: PLC0415

    if isinstance(error, aws.ClientError):
        return error_code(error) in _THROTTLED
    return isinstance(error, (aws.HTTPClientError, aws.ConnectionError))


def error_code(error: Exception) -> str:
    """The code of a botocore ClientError, empty for any other."""
    response: Mapping[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def to_item(values: Mapping[str, Any]) -> Item:
    """Plain values (str, int, bool, None, lists and dicts of them) as DynamoDB attribute values."""
    return {name: to_attribute(value) for name, value in values.items()}


def to_attribute(value: Any) -> AttributeValueTypeDef:
    """One plain value as a DynamoDB attribute value.

    Raises:
        TypeError: DynamoDB has no such value.
    """
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [to_attribute(entry) for entry in value]}
        case dict():
            return {"M": to_item(value)}
        case _:
            raise TypeError(f"no attribute value for {type(value).__name__}")


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values of a DynamoDB item that `to_item` wrote."""
    return {name: from_attribute(attribute) for name, attribute in item.items()}


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """The plain value of one attribute value that `to_attribute` wrote."""
    kind, value = next(iter(attribute.items()))
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return int(value)
        case "NULL":
            return None
        case "L":
            return [from_attribute(entry) for entry in value]
        case "M":
            return from_item(value)
        case _:
            raise TypeError(f"unexpected attribute value {kind}")
