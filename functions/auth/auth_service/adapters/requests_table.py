"""What requests with an Idempotency-Key have made (`auth_service.adapters.table`), for a day.

The ids of things are random all the same: one that followed from the key could be guessed, and would come back when the
request was repeated after the thing had been deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from auth_service.adapters.table import Table, request_key
from functions.serverless.problems import ValidationFailedError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write

KEPT_S: Final = 86_400


class Request(Struct, frozen=True, kw_only=True):
    """A request that may be repeated. ``digest`` names it, ``content`` is a digest of what it asks for."""

    digest: str
    content: str


class RequestsTable:
    """Keeps requests. ``clock``: seconds since the epoch."""

    def __init__(self, table: Table, *, clock: Callable[[], float]) -> None:
        self._table = table
        self._clock = clock

    def made_before(self, request: Request | None) -> str | None:
        """The id of what the same request has made within the last day; None: nothing, or it has no name.

        Raises:
            ValidationFailedError: its name is another request's.
        """
        item = None if request is None else self._table.get(request_key(request.digest))
        if request is None or item is None or item["expires_at"] <= self._clock():
            return None
        if item["content"] != request.content:
            raise ValidationFailedError("This Idempotency-Key was used for another request.")
        return str(item["made"])

    def writes(self, request: Request | None, made: str) -> list[Write]:
        """The writes that go into the transaction which makes something."""
        if request is None:
            return []
        now = int(self._clock())
        item = {
            **request_key(request.digest),
            "content": request.content,
            "made": made,
            "expires_at": now + KEPT_S,
        }
        return [self._table.put(item, "attribute_not_exists(pk) OR expires_at <= :now", now=now)]


def request_of(caller: str, kind: str, key: str | None, *content: object) -> Request | None:
    """A caller's request to make something of a kind; None: it came without a key."""
    if key is None:
        return None
    return Request(digest=_digest(caller, kind, key), content=_digest(*content))


def _digest(*parts: object) -> str:
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
