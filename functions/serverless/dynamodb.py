"""DynamoDB's calls without botocore's machinery for all services and protocols.

What botocore does for each call (events, validation against the model, the endpoint's rules, two User-Agents, a parser
that follows the model) costs about a millisecond of CPU, and a login has several calls. The calls that requests make
often are therefore made here: JSON, an AWS Signature of version 4, one exchange on a connection that stays open. The
arguments and answers are those of botocore's client, and so are its exceptions; credentials, region and address are
what it has found; whatever else is asked of this client, botocore's does.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import time
import uuid
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from functions.serverless.connections import BrokenAnswerError, Connections, NotConnectedError, Reply

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials
    from mypy_boto3_dynamodb import DynamoDBClient

_CONTENT_TYPE = "application/x-amz-json-1.0"
_API = "DynamoDB_20120810"
_ATTEMPTS = 3
_PAUSE_S = 0.05
"""The longest pause before the second attempt; it doubles. As in AWS's own clients for DynamoDB."""
_TRY_AGAIN = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


class Signer:
    """AWS Signature Version 4 of requests to one service in one region; the key of a day is kept."""

    def __init__(self, *, region: str, service: str) -> None:
        self._region = region
        self._service = service
        self._known: tuple[tuple[str, str], bytes] | None = None

    def sign(
        self, fields: Mapping[str, str], *, host: str, path: str, body: bytes, by: ReadOnlyCredentials, now: float
    ) -> dict[str, str]:
        """The header fields of a POST, those that sign it among them. ``now``: seconds since the epoch."""
        time_stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        day = time_stamp[:8]
        sent = {**fields, "X-Amz-Date": time_stamp}
        if by.token:
            sent["X-Amz-Security-Token"] = by.token
        signed = sorted([("host", host), *((name.lower(), value) for name, value in sent.items())])
        names = ";".join(name for name, _ in signed)
        lines = "".join(f"{name}:{value}\n" for name, value in signed)
        request = f"POST\n{path}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{time_stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._key(by.secret_key or "", day), text.encode(), "sha256").hex()
        credential = f"{by.access_key}/{scope}"
        sent["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        )
        return sent

    def _key(self, secret: str, day: str) -> bytes:
        known = self._known
        if known is not None and known[0] == (secret, day):
            return known[1]
        key = f"AWS4{secret}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._known = ((secret, day), key)
        return key


class DynamoDB:
    """A client whose most frequent calls are cheap.

    All raise botocore's exceptions: ``ClientError`` (or that of ``exceptions`` which the error's code names), and those
    of a service that does not answer (`functions.serverless.aws.is_outage`). What fails for a moment is tried again,
    `_ATTEMPTS` times in all. ``boto``: botocore's client; ``credentials`` gives those of the moment.
    """

    def __init__(
        self,
        boto: DynamoDBClient,
        *,
        connections: Connections,
        credentials: Callable[[], ReadOnlyCredentials],
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._boto = boto
        self._connections = connections
        self._credentials = credentials
        self._signer = Signer(region=boto.meta.region_name, service="dynamodb")
        self._clock = clock
        self._sleep = sleep

    def __getattr__(self, name: str) -> Any:
        """Everything else is botocore's."""
        return getattr(self._boto, name)

    def get_item(self, **request: Any) -> Any:
        return self._call("GetItem", request)

    def batch_get_item(self, **request: Any) -> Any:
        return self._call("BatchGetItem", request)

    def query(self, **request: Any) -> Any:
        return self._call("Query", request)

    def put_item(self, **request: Any) -> Any:
        return self._call("PutItem", request)

    def update_item(self, **request: Any) -> Any:
        return self._call("UpdateItem", request)

    def delete_item(self, **request: Any) -> Any:
        return self._call("DeleteItem", request)

    def batch_write_item(self, **request: Any) -> Any:
        return self._call("BatchWriteItem", request)

    def transact_write_items(self, **request: Any) -> Any:
        # The token makes a second attempt, after a lost answer, the same transaction (as botocore does it).
        return self._call("TransactWriteItems", {"ClientRequestToken": str(uuid.uuid4()), **request})

    def _call(self, operation: str, request: Mapping[str, Any]) -> Any:
        body = msgspec.json.encode(request)
        fields = {"Content-Type": _CONTENT_TYPE, "X-Amz-Target": f"{_API}.{operation}"}
        for left in reversed(range(_ATTEMPTS)):
            try:
                reply = self._attempt(fields, body)
            except OSError as error:
                if not left:
                    raise self._unanswered(error) from error
            else:
                if reply.status == 200:
                    return msgspec.json.decode(reply.body)
                refusal = _refusal(reply, operation)
                if not left or not _may_pass(refusal):
                    raise self._exception(refusal, operation)
            self._sleep(random.random() * _PAUSE_S * 2 ** (_ATTEMPTS - 1 - left))  # noqa: S311  (only spreads attempts)
        raise AssertionError

    def _attempt(self, fields: Mapping[str, str], body: bytes) -> Reply:
        to, now = self._connections, self._clock()
        signed = self._signer.sign(fields, host=to.host, path=to.path, body=body, by=self._credentials(), now=now)
        reply = to.post(signed, body)
        checksum = reply.fields.get("x-amz-crc32")
        if checksum is not None and checksum != str(zlib.crc32(reply.body)):
            raise BrokenAnswerError("the answer is not what was sent")
        return reply

    def _unanswered(self, error: OSError) -> Exception:
        import botocore.exceptions as aws  # noqa: PLC0415

        url = self._boto.meta.endpoint_url
        if isinstance(error, NotConnectedError):
            return aws.EndpointConnectionError(endpoint_url=url, error=error)
        if isinstance(error, TimeoutError):
            return aws.ReadTimeoutError(endpoint_url=url, error=error)
        return aws.ConnectionClosedError(endpoint_url=url, error=error)

    def _exception(self, refusal: dict[str, Any], operation: str) -> Exception:
        exceptions: Any = self._boto.exceptions
        error: Exception = exceptions.from_code(refusal["Error"]["Code"])(refusal, operation)
        return error


def _refusal(reply: Reply, operation: str) -> dict[str, Any]:
    """An error as botocore has it: its own members beside ``Error``."""
    try:
        told = msgspec.json.decode(reply.body, type=dict[str, Any])
    except msgspec.DecodeError:
        told = {}
    code = str(told.pop("__type", reply.status)).rpartition("#")[2]
    message = str(told.get("message") or told.get("Message") or f"{operation} was answered with {reply.status}.")
    about = {"HTTPStatusCode": reply.status, "RequestId": reply.fields.get("x-amzn-requestid", "")}
    return {**told, "Error": {"Code": code, "Message": message}, "ResponseMetadata": about}


def _may_pass(refusal: Mapping[str, Any]) -> bool:
    return refusal["Error"]["Code"] in _TRY_AGAIN or refusal["ResponseMetadata"]["HTTPStatusCode"] >= 500
