"""The links of mails in the table (`auth_service.adapters.table`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from auth_service.adapters.table import Table, link_key, users_partition
from auth_service.domain.links import Link, LinkKind, token_hash
from functions.serverless.aws import to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef as Write


class LinksTable:
    """Keeps links."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, link: Link) -> None:
        """Adds a link."""
        index = (
            {}
            if link.user_id is None
            else {"gsi1pk": users_partition(link.user_id), "gsi1sk": f"LINK#{link.created_at:012d}#{link.token_hash}"}
        )
        item = {**link_key(link.token_hash), **index, **msgspec.to_builtins(link)}
        self._table.client.put_item(TableName=self._table.name, Item=to_item(item))

    def find(self, token: str, kind: LinkKind, *, now: float) -> Link | None:
        """The link of a token, if it is of this kind and not too old; it may have been used."""
        item = self._table.get(link_key(token_hash(token)))
        if item is None or item["kind"] != kind or item["expires_at"] <= now:
            return None
        return msgspec.convert(item, Link)

    def use(self, link: Link, *, by: str) -> Write:
        """The write that uses a link, once."""
        return self._table.update(link_key(link.token_hash), {"used_by": by}, {"used_by": None})

    def of_user(self, user_id: str) -> list[Link]:
        """The links of an account."""
        items = map(self._table.get, self._table.keys_of(users_partition(user_id), prefix="LINK#"))
        return [msgspec.convert(item, Link) for item in items if item is not None]
