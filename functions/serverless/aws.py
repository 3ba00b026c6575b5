"""AWS clients, made once and when first needed, and DynamoDB's item format.

``AWS_ENDPOINT_URL`` (read by boto3 itself) points them at the local platform. Low-level clients: the resource interface
costs a third of a cold start.
"""

from __future__ import annotations

import functools
import os
import threading
from typing import TYPE_CHECKING, Any, Literal, cast

from functions.serverless.connections import Connections
from functions.serverless.dynamodb import DynamoDB

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from botocore.credentials import ReadOnlyCredentials
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
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
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


_CONNECT_S = 2
_READ_S = 5
"""An API Gateway request lives 29 s: fail in time to say so."""
_making = threading.Lock()


def dynamodb_client() -> DynamoDBClient:
    """The client for DynamoDB, cheap where it is used often (`functions.serverless.dynamodb`). Clients may be shared by
    threads, but not made by two at once."""
    with _making:
        return _dynamodb_client()


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


def s3_client() -> S3Client:
    """The client for S3."""
    with _making:
        return _client("s3")  # type: ignore[no-any-return]


def s3_signer(address: str) -> S3Client:
    """A client that signs addresses of objects below ``address``, where others reach the buckets; empty: at AWS."""
    with _making:
        return _s3_signer(address)  # type: ignore[no-any-return]


@functools.cache
def _s3_signer(address: str) -> Any:
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    style: Any = {"addressing_style": "path" if address else "virtual", "us_east_1_regional_endpoint": "regional"}
    return boto3.client("s3", endpoint_url=address or None, config=Config(signature_version="s3v4", s3=style))


@functools.cache
def _client(service: Literal["dynamodb", "secretsmanager", "lambda", "sesv2", "s3"]) -> Any:
    import boto3  # noqa: PLC0415  (a fifth of a second that routes without AWS do not pay)
    from botocore.config import Config  # noqa: PLC0415

    limits = Config(connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"mode": "standard", "max_attempts": 3})
    return boto3.client(service, config=limits)


@functools.cache
def _dynamodb_client() -> DynamoDBClient:
    import boto3  # noqa: PLC0415
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415
    from botocore.utils import get_environ_proxies  # noqa: PLC0415

    boto: DynamoDBClient = _client("dynamodb")
    url = boto.meta.endpoint_url
    if get_environ_proxies(url):
        return boto  # it knows how to go through them
    held = boto3.Session().get_credentials()

    def credentials() -> ReadOnlyCredentials:
        if held is None:
            raise NoCredentialsError
        return held.get_frozen_credentials()

    tls = _tls() if url.startswith("https:") else None
    connections = Connections(url, connect_timeout_s=_CONNECT_S, read_timeout_s=_READ_S, tls=tls)
    return cast("DynamoDBClient", DynamoDB(boto, connections=connections, credentials=credentials))


def _tls() -> ssl.SSLContext:
    """Trusts whom botocore trusts."""
    import ssl  # noqa: PLC0415

    from botocore.httpsession import get_cert_path  # noqa: PLC0415

    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE") or get_cert_path(True))


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
    """Plain values (str, int, bool, None, lists and dicts of them, sets of str or int) as DynamoDB attribute values."""
    return {name: to_attribute(value) for name, value in values.items()}


def to_attribute(value: Any) -> AttributeValueTypeDef:
    """One plain value as a DynamoDB attribute value.

    Raises:
        TypeError: DynamoDB has no such value.
    """
    attribute: AttributeValueTypeDef
    match value:
        case bool():
            attribute = {"BOOL": value}
        case str():
            attribute = {"S": value}
        case int():
            attribute = {"N": str(value)}
        case None:
            attribute = {"NULL": True}
        case list() | tuple():
            attribute = {"L": [to_attribute(entry) for entry in value]}
        case dict():
            attribute = {"M": to_item(value)}
        case set() | frozenset() if value and all(isinstance(entry, str) for entry in value):
            attribute = {"SS": sorted(value)}
        case set() | frozenset() if value and all(type(entry) is int for entry in value):
            attribute = {"NS": [str(entry) for entry in sorted(value)]}
        case _:
            raise TypeError(f"no attribute value for {type(value).__name__}")
    return attribute


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The plain values of a DynamoDB item that `to_item` wrote."""
    # A page of a list has a thousand attributes: of the kinds that most are, they are taken without a call.
    return {
        name: value["S"]
        if "S" in value
        else value["BOOL"]
        if "BOOL" in value
        else int(value["N"])
        if "N" in value
        else from_attribute(value)
        for name, value in item.items()
    }


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """The plain value of one attribute value that `to_attribute` wrote."""
    ((kind, value),) = attribute.items()
    if kind == "BOOL":
        return value
    if kind not in _READERS:
        raise TypeError(f"unexpected attribute value {kind}")
    return _READERS[kind](value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "N": int,
    "NULL": lambda _: None,
    "L": lambda entries: [from_attribute(entry) for entry in entries],
    "M": from_item,
    "SS": frozenset,
    "NS": lambda numbers: frozenset(map(int, numbers)),
}
